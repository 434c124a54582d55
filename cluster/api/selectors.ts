import type { KubeObject } from "../client.ts";
import { type JsonMap, valueAt } from "./json.ts";
import type { Resource } from "./resource-table.ts";
import { badRequest } from "./refusal.ts";

/** Whether an object is meant. */
export type Selector = (object: KubeObject) => boolean;

/** What one label must be. */
export interface Requirement {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt";
  readonly values: readonly string[];
}

/** True when labels are as one requirement has them. */
export function holds({ key, operator, values }: Requirement, labels: JsonMap): boolean {
  const value = labels[key];
  if (operator === "Exists" || operator === "DoesNotExist") return (value !== undefined) === (operator === "Exists");
  if (operator === "In" || operator === "NotIn") return values.some((one) => one === value) === (operator === "In");
  return value !== undefined && (operator === "Gt" ? 1 : -1) * (Number(value) - Number(values[0])) > 0;
}

/** True when a LabelSelector, as objects hold it, takes these labels. */
export function selects(selector: JsonMap, labels: JsonMap): boolean {
  const wanted = Object.entries((selector["matchLabels"] ?? {}) as JsonMap);
  const expressions = (selector["matchExpressions"] ?? []) as readonly Partial<Requirement>[];
  return (
    wanted.every(([key, value]) => labels[key] === value) &&
    expressions.every((one) => holds({ key: "", operator: "Exists", values: [], ...one }, labels))
  );
}

/** Reads a field selector such as `metadata.name=a,status.phase!=Running` for the fields that the kind supports. */
export function fieldSelector(resource: Resource, text: string): Selector {
  const everywhere = ["metadata.name", "metadata.namespace"];
  const terms = text.split(/(?<!\\),/).filter((term) => term !== "");
  const tests = terms.map((term): Selector => {
    const match = /^(.*?)(!=|==|=)(.*)$/s.exec(term);
    if (!match) throw badRequest(`invalid selector: '${term}'; can't understand '${term}'`);
    const [, path = "", operator, raw = ""] = match;
    if (![...everywhere, ...resource.fields].includes(path)) throw badRequest(unsupported(resource, path));
    const escape = /\\(?![\\,=])(.?)/s.exec(raw.replaceAll(/\\[\\,=]/g, ""));
    if (escape) throw badRequest(`invalid field selector: invalid escape sequence: \\${escape[1] ?? ""}`);
    if (/(?<!\\)=/.test(raw)) throw badRequest("invalid field selector: unescaped character in value: 61");
    const value = raw.replaceAll(/\\(.)/g, "$1");
    return (object) => (fieldOf(object, path) === value) === (operator !== "!=");
  });
  return (object) => tests.every((fits) => fits(object));
}

/** Kinds that know no fields of their own say so in other words. */
function unsupported({ kind, fields, custom, qualifiedName }: Resource, path: string): string {
  if (qualifiedName === "jobs.batch") return `field label ${JSON.stringify(path)} not supported for ${kind}`;
  if (custom || (fields.length > 0 && qualifiedName !== "replicasets.apps"))
    return `field label not supported: ${path}`;
  return `${JSON.stringify(path)} is not a known field selector: only "metadata.name", "metadata.namespace"`;
}

/** Fields whose absence means a value. */
const absent: Readonly<Record<string, string>> = { "spec.hostNetwork": "false", "spec.unschedulable": "false" };

function fieldOf(object: KubeObject, path: string): string {
  const value =
    path === "source" ? (valueAt(object, "source.component") ?? object["reportingComponent"]) : valueAt(object, path);
  return typeof value === "string" ? value : value === undefined ? (absent[path] ?? "") : JSON.stringify(value);
}
