import { STATUS_CODES } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { ProblemError } from "../../../model/problem.ts";
import { Passing } from "./passing.ts";

/** An answer that is none of those asked for. */
interface Refused {
  readonly registry: string;
  /** What was wanted, to go on after "would not": `give the tags of team/backend`. */
  readonly what: string;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly now: number;
}

/** What an unexpected answer means: an error for good, or one that another try may avert. */
export function refusalOf(refused: Refused): ProblemError {
  const { registry, what, status } = refused;
  const said = wordsOf(refused.body);
  const because = `it answered ${[status, STATUS_CODES[status]].join(" ")}${said === "" ? "" : ` (${said})`}`;
  if (status === 401 || status === 403) {
    return new ProblemError({
      code: status === 401 ? "registry-unauthorized" : "registry-forbidden",
      message: `The registry ${registry} would not ${what}: ${because}.`,
      remedy: `Log in with an account that may do this: docker login ${registry}, or credentials in $DOCKER_CONFIG/config.json.`,
    });
  }
  const problem = {
    code: status === 429 ? "registry-throttled" : status >= 500 ? "registry-failing" : "registry-refused",
    message: `The registry ${registry} would not ${what}: ${because}.`,
    remedy:
      status === 429 || status >= 500
        ? "Try again later; what was pushed already is not pushed again."
        : "See that the repository exists there and takes what is pushed to it.",
  };
  const passes = status === 408 || status === 429 || status >= 500;
  return passes ? new Passing(problem, retryAfterMs(refused)) : new ProblemError(problem);
}

function retryAfterMs({ headers, now }: Refused): number {
  const text = headers["retry-after"] ?? "";
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : 0;
}

/** The registry's own words, by the form that the specification gives them. They are a stranger's: short and printable. */
function wordsOf(body: Buffer): string {
  try {
    const { errors = [] } = JSON.parse(body.toString("utf8")) as { errors?: { code?: unknown; message?: unknown }[] };
    const words = errors.map(({ code, message }) =>
      [code, message].filter((part) => typeof part === "string").join(": "),
    );
    return words
      .join("; ")
      .replaceAll(/[^\x20-\x7e]/g, " ")
      .slice(0, 300);
  } catch {
    return "";
  }
}
