import type { Clock } from "../clock/clock.ts";
import { refusalOf, unreachable } from "./refusal.ts";
import type { KubeRefusal } from "./kube.ts";
import { NoAnswer } from "./transport.ts";
import type { KubeRequest, KubeResponse, Transport } from "./transport.ts";
import { backOffMs } from "../../model/back-off.ts";
import { waitFor } from "../clock/wait.ts";

/** The bounds of retrying one request. */
export interface RetryOptions {
  readonly clock: Clock;
  /** From 0 up to but not 1. */
  readonly random: () => number;
  /** How often a request is sent at most. */
  readonly attempts: number;
  /** The longest wait that a Retry-After may ask for before the caller is told instead. */
  readonly longestWaitMs: number;
}

/** An answer of any status, or why there was none. */
export type Sent =
  | { readonly ok: true; readonly response: KubeResponse }
  | { readonly ok: false; readonly refusal: KubeRefusal };

/**
 * Sends a request until it is answered, within bounds. `repeatable` says that the request may be executed twice without
 * harm; others are only sent again when the server certainly did not execute them. `onAttempt` hears the code of each, 0 without an answer.
 */
export async function sendRetrying(
  transport: Transport,
  request: KubeRequest,
  repeatable: boolean,
  options: RetryOptions,
  onAttempt: (code: number) => void,
): Promise<Sent> {
  for (let attempt = 0; ; attempt += 1) {
    const tried = await trySend(transport, request, repeatable);
    onAttempt(tried.result.ok ? tried.result.response.status : 0);
    if (!tried.again) return tried.result;
    const waitMs = Math.max(tried.askedMs ?? 0, backOffMs(attempt, 100, 2_000, options.random));
    if (attempt + 1 >= options.attempts || waitMs > options.longestWaitMs) return tried.result;
    if (!(await waitFor(options.clock, waitMs, request.signal))) return tried.result;
  }
}

interface Tried {
  readonly result: Sent;
  readonly again: boolean;
  readonly askedMs?: number | undefined;
}

async function trySend(transport: Transport, request: KubeRequest, repeatable: boolean): Promise<Tried> {
  try {
    const response = await transport.send(request);
    const { status, headers, body } = response;
    const askedMs = status < 429 ? undefined : refusalOf(status, body, headers["retry-after"]).retryAfterMs;
    // 401 and 429 were turned away unseen; a 5xx may have been executed, and only with Retry-After it asks to be repeated.
    const again = response.askAgain || status === 429 || (status >= 500 && repeatable && askedMs !== undefined);
    return { result: { ok: true, response }, again, askedMs };
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    const again = (repeatable || !error.sent) && request.signal?.aborted !== true;
    return { result: { ok: false, refusal: unreachable(error.message) }, again };
  }
}
