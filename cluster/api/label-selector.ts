import { badRequest, type Cause } from "./refusal.ts";
import { holds, type Requirement, type Selector } from "./selectors.ts";
import { textCauses } from "./validation/rules.ts";

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
  const requirements: Requirement[] = [];
  while (tokens.length > 0) {
    const next = tokens[0] ?? "";
    const expected = requirements.length === 0 ? "!, identifier, or 'end of string'" : "identifier after ','";
    if (next !== "!" && !isWord(next)) throw badRequest(`found '${next}', expected: ${expected}`);
    requirements.push(takeRequirement(tokens));
    const end = tokens.shift();
    if (end === undefined) break;
    if (end !== ",") throw badRequest(`found '${end}', expected: ',' or 'end of string'`);
    if (tokens.length === 0) throw badRequest("found '', expected: identifier after ','");
  }
  return ({ metadata }) => requirements.every((one) => holds(one, metadata.labels ?? {}));
}

function isWord(token = ""): boolean {
  return /^[^=!,()><]/.test(token);
}

function unparsable(why: string): never {
  throw badRequest(`unable to parse requirement: ${why}`);
}

function takeRequirement(tokens: string[]): Requirement {
  const isAbsent = tokens[0] === "!" && tokens.shift() !== undefined;
  const key = takeWord(tokens);
  refuse(textCauses("<nil>", key, "qualifiedName"));
  if (isAbsent) return { key, operator: "DoesNotExist", values: [] };
  if (tokens.length === 0 || tokens[0] === ",") return { key, operator: "Exists", values: [] };
  const sign = tokens.shift() ?? "";
  const operator = operators[sign];
  if (operator === undefined) return unparsable(`found '${sign}', expected: in, notin, =, ==, !=, gt, lt`);
  const isEmpty = tokens.length === 0 || tokens[0] === ",";
  const values = sign.endsWith("in") ? takeValues(tokens) : [isEmpty ? "" : takeWord(tokens)];
  if ((operator === "Gt" || operator === "Lt") && !/^[+-]?\d+$/.test(values[0] ?? "")) {
    const why = "for 'Gt', 'Lt' operators, the value must be an integer";
    unparsable(`values[0]: Invalid value: ${JSON.stringify(values[0])}: ${why}`);
  }
  refuse(values.flatMap((value, index) => textCauses(`values[${index}][${key}]`, value, "labelValue")));
  return { key, operator, values };
}

function takeWord(tokens: string[]): string {
  const token = tokens.shift() ?? "";
  return isWord(token) ? token : unparsable(`found '${token}', expected: identifier`);
}

/** `(a, b)`; what stands between two commas, or beside one, may be nothing. */
function takeValues(tokens: string[]): readonly string[] {
  const open = tokens.shift() ?? "";
  if (open !== "(") unparsable(`found '${open}' expected: '('`);
  const values = new Set<string>();
  let last = open;
  for (let token = tokens.shift() ?? ""; token !== ")"; token = tokens.shift() ?? "") {
    if (isWord(token) && !isWord(last)) values.add(token);
    else if (token === ",") values.add(isWord(last) ? ([...values][0] ?? "") : "");
    else unparsable(`found '${token}', expected: ${last === "(" ? "',', ')' or identifier" : "',' or ')'"}`);
    last = token;
  }
  return values.size === 0 || last === "," ? [...values, ""] : [...values];
}

function refuse([first]: readonly Cause[]): void {
  if (first) unparsable(`${first.field}: ${first.message}`);
}
