/** The cluster's only source of time, so that tests can turn it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `then` once at `atMs` or as soon after as can be; returns a function that cancels. */
  at(atMs: number, then: () => void): () => void;
}

/** The clock of this machine. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  at(atMs, then) {
    const timer = setTimeout(then, Math.max(0, atMs - Date.now())).unref();
    return () => {
      clearTimeout(timer);
    };
  },
};

/** A moment as Kubernetes writes it: RFC 3339 in whole seconds. */
export function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** A moment as Kubernetes writes it where it is told to the microsecond. */
export function microTimeText(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "000Z");
}

/** Settles when the clock says `atMs` (never, when that is Infinity), or when the signal aborts. */
export function until(clock: Clock, atMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const cancel = atMs === Infinity ? () => undefined : clock.at(atMs, done);
    if (signal.aborted) done();
    else signal.addEventListener("abort", done, { once: true });
  });
}
