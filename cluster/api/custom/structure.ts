import type { Cause } from "../refusal.ts";
import type { Schema } from "../schema.ts";
import { type JsonMap, sameJson, type StoredObject } from "../stored-object.ts";
import { duplicate, invalidValue, notSupported, required } from "../validation/causes.ts";

/** A custom object with the defaults that its schema gives. */
export function withSchemaDefaults(schema: Schema | undefined, object: StoredObject): StoredObject {
  return schema ? (fill(schema, object) as StoredObject) : object;
}

function fill(schema: Schema, value: unknown): unknown {
  const { items } = schema;
  if (Array.isArray(value)) return items ? value.map((item) => fill(items, item)) : value;
  if (!isMap(value)) return value;
  const filled: Record<string, unknown> = { ...value };
  for (const name of schema.propertyNames) {
    const property = schema.property(name);
    // Metadata is Kubernetes' own; what is published there as a default is only Go's zero.
    if (!property || name === "metadata") continue;
    if (filled[name] === undefined && property.default !== undefined) filled[name] = property.default;
    if (filled[name] !== undefined) filled[name] = fill(property, filled[name]);
  }
  const { additionalProperties } = schema;
  if (!additionalProperties) return filled;
  for (const [key, inner] of Object.entries(value)) {
    if (!schema.property(key)) filled[key] = fill(additionalProperties, inner);
  }
  return filled;
}

/** What is wrong with a custom object by its schema. Rules in CEL are not evaluated. */
export function schemaCauses(schema: Schema | undefined, object: StoredObject): readonly Cause[] {
  const causes = schema ? check(schema, object, "") : [];
  return schema && causes.some(({ reason }) => blocking.has(reason)) && hasRules(schema.raw)
    ? [...causes, unchecked]
    : causes;
}

/** Of what is wrong by these reasons, Kubernetes says that it kept rules from being checked. */
const blocking = new Set([
  "FieldValueRequired",
  "FieldValueNotSupported",
  "FieldValueTooLong",
  "FieldValueTooMany",
  "FieldValueTypeInvalid",
]);

const unchecked: Cause = {
  reason: "FieldValueInvalid",
  message:
    "Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
  field: "<nil>",
};

function hasRules(schema: object): boolean {
  return JSON.stringify(schema).includes('"x-kubernetes-validations"');
}

function check(schema: Schema, value: unknown, path: string): readonly Cause[] {
  const type = typeOf(value);
  const allowed =
    schema.raw["x-kubernetes-int-or-string"] === true ? ["integer", "string"] : schema.type ? [schema.type] : [];
  const fits = allowed.length === 0 || allowed.includes(type) || (type === "integer" && allowed.includes("number"));
  if (!fits) return [wrongType(path, type, allowed.join(","))];
  return [
    ...limits(schema, value, path),
    ...(Array.isArray(value) ? checkList(schema, value, path) : []),
    ...(isMap(value) ? checkMap(schema, value, path) : []),
  ];
}

function wrongType(path: string, given: string, wanted: string): Cause {
  const quoted = JSON.stringify(given);
  const message = `Invalid value: ${quoted}: ${path} in body must be of type ${wanted}: ${quoted}`;
  return { reason: "FieldValueTypeInvalid", message, field: path };
}

function checkMap(schema: Schema, value: JsonMap, path: string): readonly Cause[] {
  const at = (key: string): string => (path === "" ? key : `${path}.${key}`);
  const missing = schema.required.filter((key) => value[key] === undefined).map((key) => required(at(key)));
  const inner = Object.entries(value).flatMap(([key, item]) => {
    const field = path === "" && key === "metadata" ? undefined : schema.field(key);
    return field ? check(field, item, at(key)) : [];
  });
  return [...missing, ...inner];
}

function checkList(schema: Schema, list: readonly unknown[], path: string): readonly Cause[] {
  const { items, listType, listMapKeys = [] } = schema;
  const inner = items ? list.flatMap((item, index) => check(items, item, `${path}[${index}]`)) : [];
  if (listType !== "set" && listType !== "map") return inner;
  const keyed = list.map((item) =>
    listType === "set" ? item : Object.fromEntries(listMapKeys.map((key) => [key, (item as JsonMap)[key]])),
  );
  const again = keyed.flatMap((key, index) =>
    keyed.slice(0, index).some((before) => sameJson(before, key)) ? [duplicate(`${path}[${index}]`, key)] : [],
  );
  return [...inner, ...again];
}

function limits(schema: Schema, value: unknown, path: string): readonly Cause[] {
  const { raw } = schema;
  const causes: Cause[] = [];
  const say = (why: string): void => void causes.push(invalidValue(path, value, `${path} in body ${why}`));
  if (raw.enum && !raw.enum.some((item) => sameJson(item, value))) {
    causes.push(
      notSupported(
        path,
        value,
        raw.enum.map((item) => (typeof item === "string" ? item : JSON.stringify(item))),
      ),
    );
  }
  const { minimum, maximum, minLength, maxLength, minItems, maxItems, pattern } = raw;
  if (typeof value === "number") {
    if (typeof minimum === "number" && value < minimum) say(`should be greater than or equal to ${minimum}`);
    if (typeof maximum === "number" && value > maximum) say(`should be less than or equal to ${maximum}`);
  }
  if (typeof value === "string") {
    if (typeof minLength === "number" && value.length < minLength) say(`should be at least ${minLength} chars long`);
    if (typeof maxLength === "number" && value.length > maxLength) say(`should be at most ${maxLength} chars long`);
    if (typeof pattern === "string" && !new RegExp(pattern).test(value)) say(`should match '${pattern}'`);
    if (raw.format === "date-time" && Number.isNaN(Date.parse(value))) {
      const quoted = JSON.stringify(value);
      const message = `Invalid value: ${quoted}: ${path} in body must be of type date-time: ${quoted}`;
      causes.push({ reason: "FieldValueTypeInvalid", message, field: path });
    }
  }
  if (Array.isArray(value)) {
    if (typeof minItems === "number" && value.length < minItems) say(`should have at least ${minItems} items`);
    if (typeof maxItems === "number" && value.length > maxItems) say(`should have at most ${maxItems} items`);
  }
  return causes;
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (Number.isInteger(value)) return "integer";
  return value === null ? "null" : typeof value;
}

function isMap(value: unknown): value is JsonMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
