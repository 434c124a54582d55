import { dataFile } from "../data-file.ts";
import { isMap, type JsonMap, sameJson, valueAt } from "../json.ts";
import type { Cause } from "../refusal.ts";
import type { Schema } from "../schema.ts";
import { type CauseKind, causeOf, forbiddenField, invalidValue, notSupported, required } from "./causes.ts";
import { evaluate, type Variables } from "./cel.ts";

/** What else a field may be, in the order in which it is told; the published structure tells it sorted. */
interface OneOf {
  readonly oneOf: readonly string[];
}

/** One thing that must hold of a field, in CEL; where the expression has no value, it has nothing to say. */
interface Check {
  /** Sees `value`, the object it is in (`self`), both before (`old`, `oldSelf`, null at creation) and around (`parent`, `pod`, `claims`). */
  readonly rule: string;
  readonly why?: string;
  /** An expression for the text, in place of `why`. */
  readonly whyOf?: string;
  /** Invalid where it is not said. */
  readonly reason?: CauseKind;
  /** Whether it is asked also where the field is not there: `value` is null then. */
  readonly absent?: boolean;
  /** The field to blame, where it is another. */
  readonly field?: string;
  /** An expression for the value to show, where it is another. */
  readonly show?: string;
  readonly supported?: readonly string[];
}

/** A form of texts: a pattern, how long it may be, and Kubernetes' words about it. */
interface Form {
  readonly longest: number;
  readonly pattern: string;
  readonly why: string;
  readonly examples?: string;
  /** What is said where only dots are wrong. */
  readonly dotted?: string;
}

/** A named check or form, asked of something made of the value. */
interface Use {
  readonly use: string;
  readonly of: string;
  readonly absent?: boolean;
}

type Checks = readonly (string | Check | Use | OneOf)[];

/** cluster/data/validation.json. Keys of types are fields, in the order of the causes; `x{key}` and `x[value]` are of each entry. */
interface Rules {
  readonly forms: Readonly<Record<string, Form>>;
  readonly checks: Readonly<Record<string, Checks>>;
  readonly exactlyOne: Readonly<Record<string, { among: readonly string[]; none: string; more: string }>>;
  readonly immutable: Readonly<Record<string, readonly string[]>>;
  readonly types: Readonly<Record<string, Readonly<Record<string, Checks>>>>;
}

const rules = dataFile<Rules>("validation.json");

/** What is wrong with a text that should have one of the forms. */
export function formCauses(field: string, value: unknown, name: string): readonly Cause[] {
  const form = rules.forms[name];
  if (!form || typeof value !== "string") return [];
  const isDotted = form.dotted !== undefined && new RegExp(`^${rules.forms["subdomain"]?.pattern ?? ""}$`).test(value);
  const whole = form.examples
    ? `${form.why} (${form.examples}, regex used for validation is '${form.pattern}')`
    : form.why;
  const why = isDotted ? (form.dotted ?? "") : whole;
  return [
    ...(value.length > form.longest
      ? [invalidValue(field, value, `must be no more than ${form.longest} characters`)]
      : []),
    ...(new RegExp(`^${form.pattern}$`).test(value) ? [] : [invalidValue(field, value, why)]),
  ];
}

/** What is wrong with a text that should be as one of the forms or named checks has it. */
export function textCauses(field: string, value: string, name: string): readonly Cause[] {
  return checkCauses(name, value, { where: field, path: "" }, { value });
}

/** What is wrong with a value by the rules of its type and of all types within; `old` is what an update starts from. */
export function typeCauses(
  schema: Schema,
  value: unknown,
  old: unknown,
  path: string,
  around: Variables = {},
): Cause[] {
  if (value === old && value !== undefined) return [];
  const { items, additionalProperties } = schema;
  if (Array.isArray(value)) {
    if (!items || items.type === "string") return [];
    const before = Array.isArray(old) ? old : [];
    return value.flatMap((item, index) =>
      typeCauses(items, item, before[index], `${path}[${index}]`, { ...around, earlier: value.slice(0, index) }),
    );
  }
  if (!isMap(value)) return [];
  if (additionalProperties) {
    return Object.entries(value).flatMap(([key, inner]) =>
      typeCauses(additionalProperties, inner, isMap(old) ? old[key] : undefined, `${path}[${key}]`, around),
    );
  }
  return objectCauses(schema, value, isMap(old) ? old : undefined, path, around);
}

function objectCauses(
  schema: Schema,
  given: JsonMap,
  old: JsonMap | undefined,
  path: string,
  around: Variables,
): Cause[] {
  const { definition = "" } = schema;
  // A number that must be there, and is not, is zero.
  const zeros = schema.required.filter((name) => schema.property(name)?.default === 0);
  const self = { ...Object.fromEntries(zeros.map((name) => [name, 0])), ...given };
  const scope = { pod: null, parent: null, claims: [], ...around, self, oldSelf: old ?? null };
  const inner = {
    pod: definition.endsWith(".PodSpec") ? self : scope.pod,
    claims: valueAt(self, "volumeClaimTemplates") ?? scope.claims,
    parent: self,
  };
  const own = Object.entries(rules.types[definition] ?? {});
  const ruled = new Set(own.map(([key]) => key));
  const descend = (name: string): Cause[] => {
    const property = schema.property(name);
    // A kind's own metadata is checked apart; what is told in a status is not checked.
    if (!property || name === "status" || (path === "" && name === "metadata")) return [];
    // What Go keeps as a plain struct is there, and empty, where it is not said.
    const value = self[name] ?? (isMap(property.default) ? {} : undefined);
    return typeCauses(property, value, old?.[name], at(path, name), { ...inner, within: name });
  };
  return [
    ...(ruled.has("") ? [] : choiceCauses(definition, self, path)),
    ...own.flatMap(([key, checks]) => {
      const plain = plainCauses(schema, self, key, checks, path);
      return plain.length > 0 ? plain : [...keyCauses(key, checks, path, scope), ...descend(key)];
    }),
    ...schema.propertyNames
      .filter((name) => !ruled.has(name))
      .flatMap((name) => [...plainCauses(schema, self, name, [], path), ...descend(name)]),
    ...(rules.immutable[definition] ?? [])
      .filter((name) => old && !sameJson(valueAt(self, name), valueAt(old, name)))
      .map((name) => invalidValue(at(path, name), valueAt(self, name), "field is immutable")),
  ];
}

/** What the published structure says of a property itself: that it must be there, and what it may be. */
function plainCauses(schema: Schema, self: JsonMap, name: string, checks: Checks, path: string): Cause[] {
  const property = schema.property(name);
  if (!property || name === "status" || checks.includes("unlisted")) return [];
  const value = self[name];
  const isKept = property.default === undefined || property.default === "";
  if (value === undefined || value === "") {
    const isNeeded =
      schema.required.includes(name) && isKept && property.type !== "array" && property.type !== undefined;
    return isNeeded && !checks.some((check) => typeof check !== "string" && "absent" in check)
      ? [required(at(path, name))]
      : [];
  }
  const told = checks.flatMap((check) => (typeof check !== "string" && "oneOf" in check ? check.oneOf : []));
  const known = told.length > 0 ? told : (property.enum as readonly string[] | undefined)?.toSorted();
  return known && !known.some((one) => one === value) ? [notSupported(at(path, name), value, known)] : [];
}

function choiceCauses(definition: string, self: JsonMap, path: string): Cause[] {
  const choice = rules.exactlyOne[definition];
  if (!choice) return [];
  const given = choice.among.filter((name) => self[name] !== undefined);
  if (given.length === 0) return [required(path, choice.none)];
  return given.slice(1).map((name) => forbiddenField(at(path, name), choice.more));
}

const keyForm = /^([^[{]*)(?:([[{])(key|value)[\]}])?$/;

/** What is wrong with one field, or with each entry of it, by its checks. */
function keyCauses(key: string, checks: Checks, path: string, scope: Scope): Cause[] {
  const [, field = "", bracket, what] = keyForm.exec(key) ?? [];
  const value = field === "" ? scope.self : valueAt(scope.self, field);
  const old = field === "" || !scope.oldSelf ? scope.oldSelf : valueAt(scope.oldSelf, field);
  const place = field === "" ? path : at(path, field);
  const ask = (of: unknown, where: string, more: Variables = {}): Cause[] =>
    checks.flatMap((check) => checkCauses(check, of, { where, path }, { ...scope, ...more, value: of ?? null }));
  if (bracket === undefined) return ask(value, place, { old: old ?? null });
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    ask(what === "key" ? name : inner, bracket === "[" ? `${place}[${name}]` : place, { key: name }),
  );
}

type Scope = Variables & { readonly self: JsonMap; readonly oldSelf: JsonMap | null };
type Where = { readonly where: string; readonly path: string };

function checkCauses(check: Checks[number], value: unknown, at_: Where, variables: Variables): Cause[] {
  if (typeof check === "string") {
    return rules.forms[check]
      ? [...formCauses(at_.where, value, check)]
      : (rules.checks[check] ?? []).flatMap((one) => checkCauses(one, value, at_, variables));
  }
  if ("oneOf" in check || (value === undefined && check.absent !== true)) return [];
  if ("use" in check) {
    const of = evaluate(check.of, variables);
    return checkCauses(check.use, of, at_, { ...variables, value: of });
  }
  // What is said of `old` is about changes.
  if (!variables["oldSelf"] && /\bold\b/.test(check.rule)) return [];
  if (evaluate(check.rule, variables) !== false) return [];
  const field = check.field === undefined ? at_.where : fieldOf(check.field, at_.path);
  const why = check.whyOf === undefined ? check.why : String(evaluate(check.whyOf, variables));
  const shown = check.show === undefined ? value : evaluate(check.show, variables);
  const { reason = "Invalid", supported } = check;
  return [supported ? notSupported(field, shown, supported) : causeOf(reason, field, shown, why)];
}

/** The field to blame: relative to the object, or as it is said of the whole, or the list or field that holds the object. */
function fieldOf(field: string, path: string): string {
  if (field === "^") return path.replace(/\[\d+\]$/, "");
  return field === "[]" ? field : at(path, field);
}

function at(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}
