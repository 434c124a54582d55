import { isMap } from "../json.ts";
import type { Cause } from "../refusal.ts";
import type { Schema } from "../schema.ts";
import { type CauseKind, causeOf } from "../validation/causes.ts";
import { valueOf } from "../validation/cel.ts";

/** One of x-kubernetes-validations. */
interface Rule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
  readonly fieldPath?: string;
  readonly optionalOldSelf?: boolean;
}

/** What is wrong with a custom object by the rules in its schema; those that compare with the past apply where it has one. */
export function ruleCauses(schema: Schema, value: unknown, old: unknown, path: string): readonly Cause[] {
  const rules = (schema.raw["x-kubernetes-validations"] ?? []) as readonly Rule[];
  const own = rules.flatMap((rule) => brokenRule(rule, schema, value, old, path));
  if (Array.isArray(value)) {
    const { items } = schema;
    if (!items) return own;
    return [
      ...own,
      ...value.flatMap((item, index) => ruleCauses(items, item, before(schema, old, item), `${path}[${index}]`)),
    ];
  }
  if (!isMap(value)) return own;
  const inner = Object.entries(value).flatMap(([key, item]) => {
    const field = schema.field(key);
    const at = schema.property(key) ? (path === "" ? key : `${path}.${key}`) : `${path}[${key}]`;
    return field && key !== "metadata" ? ruleCauses(field, item, isMap(old) ? old[key] : undefined, at) : [];
  });
  return [...own, ...inner];
}

/** The earlier state of a list's item: only items with keys can be told apart. */
function before({ listType, listMapKeys = [] }: Schema, old: unknown, item: unknown): unknown {
  if (listType !== "map" || !Array.isArray(old) || !isMap(item)) return undefined;
  return old.find((other) => isMap(other) && listMapKeys.every((key) => other[key] === item[key])) as unknown;
}

function brokenRule(rule: Rule, schema: Schema, value: unknown, old: unknown, path: string): readonly Cause[] {
  if (/\boldSelf\b/.test(rule.rule) && old === undefined && rule.optionalOldSelf !== true) return [];
  const variables = { self: typed(schema, value), oldSelf: old === undefined ? null : typed(schema, old) };
  const answer = valueOf(rule.rule, variables);
  if (answer.value !== false && !answer.error?.startsWith("No such key")) return [];
  const expressed = rule.messageExpression === undefined ? undefined : valueOf(rule.messageExpression, variables).value;
  const said = typeof expressed === "string" ? expressed : (rule.message ?? `failed rule: ${rule.rule.trim()}`);
  const why =
    answer.error === undefined
      ? said
      : `${answer.error.replace("No such key", "no such key")} evaluating rule: ${said}`;
  const field = `${path}${rule.fieldPath ?? ""}`.replace(/^\./, "");
  return [
    causeOf((rule.reason?.replace("FieldValue", "") ?? "Invalid") as CauseKind, field, schema.type ?? "object", why),
  ];
}

/** A value as CEL has it: integers are not doubles, and times are no texts. */
function typed(schema: Schema, value: unknown): unknown {
  const { items } = schema;
  if (Array.isArray(value)) return items ? value.map((item) => typed(items, item)) : value;
  if (typeof value === "number" && Number.isInteger(value) && schema.type !== "number") return BigInt(value);
  if (typeof value === "string" && schema.format === "date-time") return new Date(value);
  if (!isMap(value)) return value;
  const entries = Object.entries(value).map(([key, item]) => {
    const field = schema.field(key);
    return [key, field ? typed(field, item) : item];
  });
  return Object.fromEntries(entries) as unknown;
}
