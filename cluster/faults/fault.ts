/** What can go wrong with one request on its way to an API server and back. Times are milliseconds. */
export type Fault =
  /** Passed on this much later. */
  | { readonly is: "latency"; readonly ms: number }
  /** The connection breaks: before the server saw the request, or after it did what was asked. */
  | { readonly is: "broken"; readonly effect: boolean }
  /** A server's error: before it saw the request, or instead of its answer. */
  | { readonly is: "error"; readonly effect: boolean; readonly code: 500 | 503 | 504 }
  /** A 429 with Retry-After, in seconds; the server never saw the request. */
  | { readonly is: "throttled"; readonly retryAfter: number }
  /** The connection of a watch breaks when it has told this many events. */
  | { readonly is: "dropped"; readonly after: number }
  /** Each event of a watch comes this much later. */
  | { readonly is: "late"; readonly ms: number }
  /** A watch ends with 410 Expired when it has told this many events. */
  | { readonly is: "expired"; readonly after: number };

/** A request as whoever chooses faults sees it; `path` carries the query. */
export interface Passing {
  readonly method: string;
  readonly path: string;
  readonly isWatch: boolean;
}

/** Chooses what goes wrong with each request; undefined lets it pass. */
export type Faults = (request: Passing) => Fault | undefined;

/** The faults of a script, each for the first request that fits it, and then no more. */
export function scripted(
  steps: readonly { readonly fault: Fault; readonly fits: (request: Passing) => boolean }[],
): Faults {
  const left = [...steps];
  return (request) => {
    const index = left.findIndex(({ fits }) => fits(request));
    return index === -1 ? undefined : left.splice(index, 1)[0]?.fault;
  };
}

/** Any of the faults that can befall the request, at this rate (0 to 1), the same for the same seed and the same requests. */
export function seeded(seed: number, rate: number, faults: readonly Fault[]): Faults {
  const random = randomFrom(seed);
  return ({ isWatch }) => {
    // Both numbers are drawn whatever comes of them, so that one request changes no other's.
    const [chance, choice] = [random(), random()];
    const possible = faults.filter(({ is }) => isWatch || !ofWatches.has(is));
    return chance < rate ? possible[Math.floor(choice * possible.length)] : undefined;
  };
}

const ofWatches: ReadonlySet<Fault["is"]> = new Set(["dropped", "late", "expired"]);

/** Numbers from 0 up to but not 1, from a seed: good enough to choose by. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
