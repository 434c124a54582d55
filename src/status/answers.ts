import type { HttpAnswer } from "../io/http/http.ts";
import type { Told } from "../model/notice.ts";
import { ProblemError } from "../model/problem.ts";

/** Who refused, and what helps against which status. */
export interface Refuser {
  readonly who: string;
  readonly remedies: { readonly [status: number]: string };
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

/** The longest that a server's wish for quiet is heeded. */
const longestQuietMs = 3_600_000;

/**
 * What an answer other than success means. Too many requests and failures of the server pass; so may a missing right, which
 * people mend; what the server calls wrong in the request itself stays wrong. The answer's body is never repeated: it may
 * hold anything.
 */
export function refusedOf({ status, headers }: HttpAnswer, { who, remedies, nowMs }: Refuser): Told {
  const remedy = remedies[status];
  const problem = {
    code: "notice-refused",
    message: `${who} answered ${status}`,
    ...(remedy === undefined ? {} : { remedy }),
  };
  const afterMs = quietMs(headers, nowMs);
  const passes = status >= 500 || rights.has(status) || [408, 409, 425, 429].includes(status);
  if (!passes) return { kind: "never", problem };
  if (afterMs !== undefined) return { kind: "later", problem, afterMs };
  return { kind: "later", problem, ...(rights.has(status) ? { needsPerson: true } : {}) };
}

/** Who may not see it, or not write it, is told so by any of these. */
const rights: ReadonlySet<number> = new Set([401, 403, 404]);

/** From Retry-After (seconds or a date), or where a forge's allowance is used up, until it is renewed. */
function quietMs(headers: HttpAnswer["headers"], nowMs: number): number | undefined {
  const header = (name: string): string | undefined => {
    const value = headers[name];
    return typeof value === "string" ? value : undefined;
  };
  const after = header("retry-after");
  const until = header("x-ratelimit-remaining") === "0" ? Number(header("x-ratelimit-reset")) * 1000 : Number.NaN;
  const atMs = after === undefined ? until : /^\d+$/.test(after) ? nowMs + Number(after) * 1000 : Date.parse(after);
  return Number.isFinite(atMs) && atMs > nowMs ? Math.min(longestQuietMs, atMs - nowMs) : undefined;
}

/** No answer at all: it is tried again. */
export function troubleOf(error: unknown): Told {
  if (error instanceof ProblemError) return { kind: "later", problem: error.problem };
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { kind: "later", problem: { code: "defect", message: `a defect of Plumbline: ${detail}` } };
}
