/** Where a problem is: a file of the repository and, where known, its line (1-based). */
export interface Place {
  readonly file: string;
  readonly line?: number;
}

/**
 * What went wrong, as a value: `code` for machines (kebab-case, stable), `message` says what and why in one plain
 * sentence, `where` names the place, `remedy` says what to do about it. Never carries a secret.
 */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly where?: Place;
  readonly remedy?: string;
}

/** A problem thrown: for what the caller cannot continue from. Expected failures are returned as `Problem` values. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem, cause?: unknown) {
    super(problem.message, cause === undefined ? undefined : { cause });
    this.name = "ProblemError";
    this.problem = problem;
  }
}

/** Either a value or the problems that kept it from being made. */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** `file:line: message (remedy)` on one line, as every surface prints a problem. */
export function formatProblem(problem: Problem): string {
  const { where } = problem;
  const place = where ? `${where.file}${where.line === undefined ? "" : `:${where.line}`}: ` : "";
  return `${place}${problem.message}${problem.remedy ? ` (${problem.remedy})` : ""}`;
}
