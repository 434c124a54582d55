import { parse } from "acorn";
import type { BinaryExpression, ConditionalExpression, IfStatement, LogicalExpression, UnaryExpression } from "acorn";
import { simple } from "acorn-walk";

/** One change of a program: what its line becomes, for people and for the list of survivors, and the whole program with it. */
export interface Mutant {
  readonly line: number;
  readonly becomes: string;
  readonly text: string;
}

/** Each operator with what it becomes: the opposite, and for a comparison the same one value further. */
const changes: Readonly<Record<string, readonly string[]>> = {
  "===": ["!=="],
  "!==": ["==="],
  "&&": ["||"],
  "||": ["&&"],
  "<": ["<=", ">="],
  "<=": ["<", ">"],
  ">": [">=", "<="],
  ">=": [">", "<"],
};

/** Every condition of a compiled module negated and every boundary shifted, one at a time, in the order of the text. */
export function mutantsOf(source: string): readonly Mutant[] {
  const found: { readonly from: number; readonly to: number; readonly text: string }[] = [];
  const operators = ({ left, right, operator }: BinaryExpression | LogicalExpression): void => {
    const between = source.slice(left.end, right.start);
    const from = left.end + between.indexOf(operator);
    for (const text of changes[operator] ?? []) found.push({ from, to: from + operator.length, text });
  };
  const condition = ({ test: { start, end } }: IfStatement | ConditionalExpression): void => {
    found.push({ from: start, to: end, text: `!(${source.slice(start, end)})` });
  };
  simple(parse(source, { ecmaVersion: "latest", sourceType: "module" }), {
    BinaryExpression: operators,
    LogicalExpression: operators,
    IfStatement: condition,
    ConditionalExpression: condition,
    UnaryExpression({ operator, start, argument }: UnaryExpression) {
      if (operator === "!") found.push({ from: start, to: argument.start, text: "" });
    },
  });
  return found
    .toSorted((a, b) => a.from - b.from || a.to - b.to)
    .map(({ from, to, text }) => {
      const changed = source.slice(0, from) + text + source.slice(to);
      const line = source.slice(0, from).split("\n").length;
      return { line, becomes: changed.split("\n")[line - 1]?.trim() ?? "", text: changed };
    });
}
