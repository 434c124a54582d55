import { formatProblem, ProblemError } from "../model/problem.ts";
import type { Problem } from "../model/problem.ts";
import type { World } from "./world.ts";

/** Prints problems for people, one a line, each with its place and remedy. */
export function printProblems(world: World, problems: readonly Problem[]): void {
  for (const problem of problems) world.err.line(`${world.err.style("bad", "error:")} ${formatProblem(problem)}`);
}

/** The problems behind something thrown; what nobody foresaw is named as a defect of Plumbline. */
export function problemsBehind(error: unknown): readonly Problem[] {
  if (error instanceof ProblemError) return [error.problem];
  if (error instanceof Error && "problems" in error && Array.isArray(error.problems)) {
    return error.problems as readonly Problem[];
  }
  const { code } = error as { code?: unknown };
  if (typeof code === "string" && error instanceof Error) {
    return [{ code: code.toLowerCase(), message: error.message }];
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return [{ code: "defect", message: `a defect of Plumbline: ${detail}`, remedy: "please report it with this text" }];
}
