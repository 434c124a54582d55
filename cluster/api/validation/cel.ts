import { isIP } from "node:net";
import { Environment, type ParseResult } from "@marcbachmann/cel-js";
import { parseQuantity } from "../../quantity.ts";
import { isMap, type JsonMap, sameJson, without } from "../json.ts";
import { selects } from "../selectors.ts";

/** What an expression sees by name. */
export type Variables = Readonly<Record<string, unknown>>;

const environment = new Environment({
  unlistedVariablesAreDyn: true,
  homogeneousAggregateLiterals: false,
  enableOptionalTypes: true,
})
  .registerFunction("selects(dyn, dyn): bool", (selector: JsonMap | null, labels: JsonMap | null) =>
    selector ? selects(selector, labels ?? {}) : false,
  )
  .registerFunction("sameBut(dyn, dyn, list): bool", sameBut)
  .registerFunction("merged(dyn, dyn): dyn", (base: JsonMap, over: JsonMap) => ({ ...base, ...over }))
  .registerFunction("textSize(dyn): double", textSize)
  .registerFunction("quantity(dyn): double", parseQuantity)
  .registerFunction("isIP(string): bool", (text: string) => isIP(text) !== 0)
  .registerFunction("isSelector(dyn): bool", isSelector);

const parsed = new Map<string, ParseResult>();

/** The value of an expression in CEL, or why it has none. */
export function valueOf(
  expression: string,
  variables: Variables,
): { readonly value?: unknown; readonly error?: string } {
  try {
    let program = parsed.get(expression);
    if (!program) parsed.set(expression, (program = environment.parse(expression)));
    return { value: plain(program(variables)) };
  } catch (error) {
    return { error: error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error) };
  }
}

/** JSON knows one kind of number. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  return isMap(value) ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)])) : value;
}

/** The value of an expression; undefined where it has none, as by a field that is not there. */
export function evaluate(expression: string, variables: Variables): unknown {
  return valueOf(expression, variables).value;
}

/** True when two objects differ in these fields at most; "list.field" is that field of every item. */
function sameBut(before: JsonMap, after: JsonMap, fields: readonly string[]): boolean {
  const kept = (object: JsonMap): JsonMap => {
    const copy: Record<string, unknown> = without(object, ...fields);
    for (const [list, field] of fields.map((path) => path.split("."))) {
      if (list === undefined || field === undefined || !Array.isArray(copy[list])) continue;
      copy[list] = copy[list].map((item: JsonMap) => without(item, field));
    }
    return copy;
  };
  return sameJson(kept(before), kept(after));
}

/** How many characters the texts in an object's maps have. */
function textSize({ data, binaryData }: JsonMap): number {
  return [data, binaryData]
    .flatMap((map) => Object.values((map ?? {}) as JsonMap))
    .reduce<number>((sum, value) => sum + String(value).length, 0);
}

const valued: Readonly<Record<string, boolean>> = { In: true, NotIn: true, Exists: false, DoesNotExist: false };

/** True when every expression of a LabelSelector has an operator that there is, and values where it needs them. */
function isSelector({ matchLabels = {}, matchExpressions = [] }: JsonMap): boolean {
  const key = /^([a-z0-9.-]+\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
  return (
    Object.keys(matchLabels as JsonMap).every((label) => key.test(label)) &&
    (matchExpressions as readonly JsonMap[]).every(
      ({ operator, values = [] }) => valued[String(operator)] === (values as readonly unknown[]).length > 0,
    )
  );
}
