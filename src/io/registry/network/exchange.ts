import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Clock } from "../../clock/clock.ts";
import { backOffMs } from "../../../model/back-off.ts";
import { waitFor } from "../../clock/wait.ts";
import { ProblemError } from "../../../model/problem.ts";
import { readAll } from "../content.ts";
import type { Address } from "./address.ts";
import { challengeOf } from "./challenge.ts";
import type { Authorization, Scopes } from "./authorization.ts";
import type { Connections, HttpRequest } from "./connections.ts";
import { noAnswer, Passing } from "./passing.ts";
import { refusalOf } from "./refusal.ts";

/** A request to a repository; `at` is below it (`manifests/v1`), or a place that the registry named. */
export interface RegistryRequest {
  readonly method: HttpRequest["method"];
  readonly address: Address;
  readonly at: string | URL;
  readonly access: "pull" | "pull,push";
  /** Another repository of the same registry that is read as well. */
  readonly from?: Address;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: Buffer;
  /** The statuses that are answers; any other is a refusal. */
  readonly expect: readonly number[];
  /** To go on after "would not", for people: `take the blob sha256:…`. */
  readonly what: string;
}

/** A whole answer. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Of the request that was answered; what Location says is relative to it. */
  readonly url: URL;
}

interface Bounds {
  readonly clock: Clock;
  /** From 0 up to but not 1. */
  readonly random: () => number;
  /** How often anything is tried at most. */
  readonly attempts: number;
  readonly backOff: { readonly baseMs: number; readonly maxMs: number };
  readonly signal: AbortSignal | undefined;
}

/** The longest that a registry's Retry-After is heeded; one that asks for more is told of instead. */
const longestWaitMs = 120_000;
/** Manifests are bounded by the specification to 4 MiB; nothing else that is read whole is larger. */
const mostBytes = 4 * 1024 * 1024;
const mostRedirects = 5;

/** Requests to registries: authorized, redirected, and repeated within bounds while failures may pass. */
export class Exchange {
  readonly #connections: Connections;
  readonly #authorization: Authorization;
  readonly #bounds: Bounds;

  constructor(connections: Connections, authorization: Authorization, bounds: Bounds) {
    this.#connections = connections;
    this.#authorization = authorization;
    this.#bounds = bounds;
  }

  /** Does something until it succeeds or fails for good; `attempt` counts from 0. */
  async persist<T>(attempt: (attempt: number) => Promise<T>): Promise<T> {
    const { clock, random, attempts, backOff, signal } = this.#bounds;
    for (let count = 0; ; count += 1) {
      try {
        return await attempt(count);
      } catch (error) {
        if (!(error instanceof Passing)) throw error;
        // For good: whatever this is a part of must not try it all over again.
        if (count + 1 >= attempts || error.askedMs > longestWaitMs) throw new ProblemError(error.problem, error);
        const waitMs = backOffMs(count, backOff.baseMs, backOff.maxMs, random) + error.askedMs;
        if (!(await waitFor(clock, waitMs, signal))) signal?.throwIfAborted();
      }
    }
  }

  /** Sends a request that may be repeated and reads the whole answer. */
  send(request: RegistryRequest): Promise<Answer> {
    return this.persist(() => this.sendOnce(request));
  }

  /** Sends a request once. Rejects with `Passing` where another try may help. */
  async sendOnce(request: RegistryRequest): Promise<Answer> {
    const { message, url } = await this.open(request);
    const { statusCode: status = 0, headers } = message;
    return { status, headers, url, body: await wholeBody(message, url) };
  }

  /** Like `sendOnce`, with the body still to be read. */
  async open(request: RegistryRequest): Promise<{ readonly message: IncomingMessage; readonly url: URL }> {
    const { address, expect, what } = request;
    const opened = await this.#authorized(request);
    const { statusCode: status = 0, headers } = opened.message;
    if (expect.includes(status)) return opened;
    const body = await wholeBody(opened.message, opened.url).catch(() => Buffer.alloc(0));
    const { registry } = address;
    throw refusalOf({ registry, what, status, headers, body, now: this.#bounds.clock.now() });
  }

  async #authorized(request: RegistryRequest): Promise<{ readonly message: IncomingMessage; readonly url: URL }> {
    const { address } = request;
    const origin = await this.#connections.originOf(address.host);
    const url = request.at instanceof URL ? request.at : new URL(`/v2/${address.path}/${request.at}`, origin);
    // The registry may keep uploads elsewhere; who we are is its own business only.
    if (url.host !== origin.host) return { message: await this.#follow(request, url, undefined), url };
    const scopes = scopesOf(request);
    let shown = this.#authorization.headerFor(address, scopes);
    for (let round = 0; ; round += 1) {
      const message = await this.#follow(request, url, shown);
      const challenge = challengeOf(message.headers["www-authenticate"]);
      if (message.statusCode !== 401 || challenge === undefined || round >= 2) return { message, url };
      const next = await this.#authorization.answer(address, scopes, challenge, shown);
      if (next === undefined) return { message, url };
      // Read to its end, so that its connection serves again.
      message.resume();
      shown = next;
    }
  }

  async #follow(
    { method, headers, body }: RegistryRequest,
    start: URL,
    authorization: string | undefined,
  ): Promise<IncomingMessage> {
    let url = start;
    for (let count = 0; ; count += 1) {
      const message = await this.#connections.open({
        method,
        url,
        headers: {
          ...headers,
          ...(authorization !== undefined && url.origin === start.origin ? { authorization } : {}),
        },
        body,
      });
      const { location } = message.headers;
      const moved = [301, 302, 303, 307, 308].includes(message.statusCode ?? 0);
      if (
        !moved ||
        location === undefined ||
        !URL.canParse(location, url.href) ||
        count >= mostRedirects ||
        (method !== "GET" && method !== "HEAD")
      )
        return message;
      message.resume();
      url = new URL(location, url);
    }
  }
}

function scopesOf({ address, access, from }: RegistryRequest): Scopes {
  const own = `repository:${address.path}:${access}`;
  return from === undefined ? [own] : [own, `repository:${from.path}:pull`];
}

async function wholeBody(message: IncomingMessage, url: URL): Promise<Buffer> {
  try {
    return await readAll(message, mostBytes, `An answer of ${url.host}`);
  } catch (error) {
    throw error instanceof ProblemError ? error : noAnswer(url.host, "its answer broke off", error);
  }
}
