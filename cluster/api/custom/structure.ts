import type { KubeObject } from "../../client.ts";
import { isMap, sameJson, valueAt } from "../json.ts";
import type { Cause } from "../refusal.ts";
import type { Resource } from "../resource-table.ts";
import type { Schema } from "../schema.ts";
import { causeOf, invalidValue, notSupported, required } from "../validation/causes.ts";
import { ruleCauses } from "./rules.ts";

/** What is wrong with a custom object by its schema, by the paths of its scale, and by its rules in CEL. */
export function customCauses({ schema, custom }: Resource, object: KubeObject, live?: KubeObject): readonly Cause[] {
  if (!schema) return [];
  const causes = [...check(schema, object, ""), ...scaleCauses(custom?.scale, object)];
  if (!JSON.stringify(schema.raw).includes('"x-kubernetes-validations"')) return causes;
  if (causes.some(({ reason }) => blocking.test(reason))) return [...causes, unchecked];
  return [...causes, ...ruleCauses(schema, object, live, "")];
}

/** An object with faults of these kinds has its CEL rules left unchecked, and Kubernetes says so. */
const blocking = /^FieldValue(Required|NotSupported|TooLong|TooMany|TypeInvalid)$/;

const unchecked: Cause = {
  reason: "FieldValueInvalid",
  message:
    "Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
  field: "<nil>",
};

function scaleCauses(scale: NonNullable<Resource["custom"]>["scale"], object: KubeObject): readonly Cause[] {
  return [scale?.specReplicasPath, scale?.statusReplicasPath].flatMap((path) => {
    const value = path === undefined ? undefined : valueAt(object, path.slice(1));
    if (path === undefined || value === undefined) return [];
    if (typeof value === "number" && Number.isInteger(value)) {
      return value < 0 ? [invalidValue(path, value, "should be a non-negative integer")] : [];
    }
    const type = typeof value === "number" ? "float64" : typeof value === "boolean" ? "bool" : typeof value;
    const shown = typeof value === "string" ? value : JSON.stringify(value);
    return [invalidValue(path, 0, `${path} accessor error: ${shown} is of the type ${type}, expected int64`)];
  });
}

function check(schema: Schema, value: unknown, path: string): readonly Cause[] {
  const { raw } = schema;
  const given = typeOf(value);
  if (value === null && raw["nullable"] === true) return [];
  const wanted = raw["x-kubernetes-int-or-string"] === true ? "integer,string" : (schema.type ?? given);
  const fits = wanted.split(",").includes(given) || (given === "integer" && wanted === "number");
  if (!fits) return [mistyped(path, given, wanted)];
  const at = (key: string): string => (path === "" ? key : `${path}.${key}`);
  const own = limits(raw, value, path);
  if (Array.isArray(value)) {
    const { items } = schema;
    const inner = items ? value.flatMap((item, index) => check(items, item, `${path}[${index}]`)) : [];
    return [...own, ...inner, ...repeated(schema, value, path)];
  }
  if (!isMap(value)) return own;
  const missing = schema.required.filter((key) => value[key] === undefined).map((key) => required(at(key)));
  const inner = Object.entries(value).flatMap(([key, item]) => {
    const field = path === "" && key === "metadata" ? undefined : schema.field(key);
    return field ? check(field, item, at(key)) : [];
  });
  return [...own, ...missing, ...inner];
}

function mistyped(path: string, given: string, wanted: string): Cause {
  return causeOf("TypeInvalid", path, given, `${path} in body must be of type ${wanted}: ${JSON.stringify(given)}`);
}

function repeated({ listType, listMapKeys = [] }: Schema, list: readonly unknown[], path: string): readonly Cause[] {
  if (listType !== "set" && listType !== "map") return [];
  const keys = list.map((item) =>
    listType === "set"
      ? item
      : Object.fromEntries(listMapKeys.map((key) => [key, isMap(item) ? item[key] : undefined])),
  );
  return keys.flatMap((key, index) =>
    keys.slice(0, index).some((before) => sameJson(before, key))
      ? [causeOf("Duplicate", `${path}[${index}]`, key)]
      : [],
  );
}

/** For each keyword: whether a value keeps its bound, and the words where it does not (# is the bound). */
const bounds: readonly (readonly [
  keyword: string,
  holds: (value: unknown, bound: number) => boolean,
  words: string,
])[] = [
  ["minimum", (value, least) => Number(value) >= least, "should be greater than or equal to #"],
  ["maximum", (value, most) => Number(value) <= most, "should be less than or equal to #"],
  ["multipleOf", (value, factor) => Number(value) % factor === 0, "should be a multiple of #"],
  ["minLength", (value, least) => countOf(value) >= least, "should be at least # chars long"],
  ["minItems", (value, least) => countOf(value) >= least, "should have at least # items"],
  ["minProperties", (value, least) => countOf(value) >= least, "should have at least # properties"],
];

/** How many characters, items or properties a value has. */
function countOf(value: unknown): number {
  return typeof value === "string" ? Array.from(value).length : Object.keys(Object(value)).length;
}

function limits(raw: Schema["raw"], value: unknown, path: string): readonly Cause[] {
  const causes: Cause[] = [];
  const say = (words: string): void => void causes.push(invalidValue(path, value, `${path} in body ${words}`));
  if (raw.enum && !raw.enum.some((item) => sameJson(item, value))) {
    const known = raw.enum.map((item) => (typeof item === "string" ? item : JSON.stringify(item)));
    causes.push(notSupported(path, value, known));
  }
  for (const [keyword, holds, words] of bounds) {
    const bound = raw[keyword];
    if (typeof bound === "number" && !holds(value, bound)) say(words.replace("#", String(bound)));
  }
  if (typeof value === "string") {
    const { pattern, format } = raw;
    if (typeof pattern === "string" && !new RegExp(pattern, "u").test(value)) say(`should match '${pattern}'`);
    if (format === "date-time" && Number.isNaN(Date.parse(value))) causes.push(mistyped(path, value, format));
  }
  const isText = typeof value === "string";
  const most = isText ? raw["maxLength"] : (raw["maxItems"] ?? raw["maxProperties"]);
  const count = countOf(value);
  if (typeof most !== "number" || count <= most) return causes;
  // Of a text that is too long nothing else is said.
  if (isText) return [causeOf("TooLong", path, count, `may not be more than ${most} bytes`)];
  return [...causes, causeOf("TooMany", path, count, `must have at most ${most} items`)];
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (Number.isInteger(value)) return "integer";
  return value === null ? "null" : typeof value;
}
