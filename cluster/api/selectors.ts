import type { Resource } from "./resource-table.ts";
import { badRequest } from "./refusal.ts";
import { type JsonMap, type StoredObject, valueAt } from "./stored-object.ts";

/** Whether an object is meant. */
export type Selector = (object: StoredObject) => boolean;

/** What one label must be. */
interface Requirement {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt";
  readonly values: readonly string[];
}

function holds({ key, operator, values }: Requirement, labels: JsonMap): boolean {
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

const operators: Readonly<Record<string, Requirement["operator"]>> = {
  "=": "In",
  "==": "In",
  "!=": "NotIn",
  in: "In",
  notin: "NotIn",
  ">": "Gt",
  "<": "Lt",
};

/** Reads a label selector such as `app=web,tier in (a, b),!old`; a wrong one is refused in Kubernetes' words. */
export function labelSelector(text: string): Selector {
  const tokens = text.match(/==|!=|[=!,()><]|[^\s=!,()><]+/g) ?? [];
  const isWord = (token = ""): boolean => /^[^=!,()><]/.test(token);
  const take = (): string => tokens.shift() ?? "";
  const takeKey = (): string => {
    const token = take();
    if (!isWord(token)) throw badRequest(`found '${token}', expected: !, identifier, or 'end of string'`);
    return token;
  };
  const takeValues = (): string[] => {
    const open = take();
    if (open !== "(") throw badRequest(`unable to parse requirement: found '${open}', expected: '('`);
    const values: string[] = [];
    for (let token = take(); token !== ")"; token = take()) {
      if (isWord(token)) values.push(token);
      else if (token !== ",") {
        throw badRequest(`unable to parse requirement: found '${token}', expected: ',', ')' or identifier`);
      }
    }
    return values.length === 0 ? [""] : values;
  };
  const takeRequirement = (): Requirement => {
    if (tokens[0] === "!") return { operator: "DoesNotExist", key: (take(), takeKey()), values: [] };
    const key = takeKey();
    if (tokens.length === 0 || tokens[0] === ",") return { key, operator: "Exists", values: [] };
    const sign = take();
    const operator = operators[sign];
    if (operator === undefined) {
      throw badRequest(`unable to parse requirement: found '${sign}', expected: in, notin, =, ==, !=, gt, lt`);
    }
    if (sign.endsWith("in")) return { key, operator, values: takeValues() };
    return { key, operator, values: [isWord(tokens[0]) ? take() : ""] };
  };
  const requirements: Requirement[] = [];
  while (tokens.length > 0) {
    requirements.push(takeRequirement());
    const next = tokens[0];
    if (next !== undefined && take() !== ",") throw badRequest(`found '${next}', expected: ',' or 'end of string'`);
    if (next !== undefined && tokens.length === 0) takeKey();
  }
  return ({ metadata }) => requirements.every((one) => holds(one, metadata.labels ?? {}));
}

/** Reads a field selector such as `metadata.name=a,status.phase!=Running` for the fields that the kind supports. */
export function fieldSelector(resource: Resource, text: string): Selector {
  const supported = ["metadata.name", "metadata.namespace", ...resource.fields];
  const terms = text.split(/(?<!\\),/).filter((term) => term !== "");
  const tests = terms.map((term): Selector => {
    const match = /^(.*?)(!=|==|=)(.*)$/s.exec(term);
    if (!match) throw badRequest(`invalid selector: '${term}'; can't understand '${term}'`);
    const [, path = "", operator, raw = ""] = match;
    if (!supported.includes(path)) throw badRequest(`field label not supported: ${path}`);
    const value = raw.replaceAll(/\\(.)/g, "$1");
    return (object) => (fieldOf(object, path) === value) === (operator !== "!=");
  });
  return (object) => tests.every((fits) => fits(object));
}

/** Fields whose absence means a value. */
const absent: Readonly<Record<string, string>> = { "spec.hostNetwork": "false", "spec.unschedulable": "false" };

function fieldOf(object: StoredObject, path: string): string {
  const value =
    path === "source" ? (valueAt(object, "source.component") ?? object["reportingComponent"]) : valueAt(object, path);
  return typeof value === "string" ? value : value === undefined ? (absent[path] ?? "") : JSON.stringify(value);
}
