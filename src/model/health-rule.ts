import { Environment } from "@marcbachmann/cel-js";

/** How the health of a kind is told by expressions in CEL, each true or false of an object. */
export interface HealthRule {
  readonly apiVersion: string;
  readonly kind: string;
  readonly current: string;
  readonly inProgress?: string;
  readonly failed?: string;
}

/** What an expression says of the members of an object by their names; throws where it cannot be answered. */
export type Expression = (members: Readonly<Record<string, unknown>>) => unknown;

const environment = new Environment({
  unlistedVariablesAreDyn: true,
  homogeneousAggregateLiterals: false,
  enableOptionalTypes: true,
});

/** An expression in CEL, compiled; throws where it is none, or can never be true or false. The message is one line. */
export function parseExpression(text: string): Expression {
  const { valid, type, error } = environment.check(text);
  if (!valid) throw new Error(firstLine(error?.message ?? "it is no expression"));
  if (type !== "bool" && type !== "dyn") throw new Error(`it is of type ${type}, not bool`);
  const program = environment.parse(text);
  return (members) => {
    try {
      return program(members) as unknown;
    } catch (error) {
      throw new Error(firstLine((error as Error).message), { cause: error });
    }
  };
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? "";
}
