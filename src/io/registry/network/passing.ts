import { ProblemError } from "../../../model/problem.ts";
import type { Problem } from "../../../model/problem.ts";

/** A failure that may be gone at the next try: no answer, a torn one, 429, 5xx. */
export class Passing extends ProblemError {
  /** How long the server asks to be left alone; 0 where it says nothing. */
  readonly askedMs: number;

  constructor(problem: Problem, askedMs = 0, cause?: unknown) {
    super(problem, cause);
    this.askedMs = askedMs;
  }
}

/** A request that got no answer, or not all of it. */
export function noAnswer(host: string, why: string, cause?: unknown): Passing {
  return new Passing(
    {
      code: "registry-unreachable",
      message: `The registry ${host} did not answer: ${why}.`,
      remedy: "See that its name, the network and the proxy variables are right; it is safe to do the same again.",
    },
    0,
    cause,
  );
}
