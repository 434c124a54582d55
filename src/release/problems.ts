import { ProblemError, type Problem } from "../model/problem.ts";

/** Several problems thrown at once, for a stage that looks at everything before it gives up. */
export class ProblemsError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(({ message }) => message).join("\n"));
    this.name = "ProblemsError";
    this.problems = problems;
  }
}

/** The problems that an error carries; undefined when it is a mistake of the program and not of its input. */
export function problemsOf(error: unknown): readonly Problem[] | undefined {
  if (error instanceof ProblemsError) return error.problems;
  if (error instanceof ProblemError) return [error.problem];
  return undefined;
}
