/** The only source of time. Real in production, turned by hand in tests and the simulation. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `then` once at `atMs` or as soon after as can be; returns a function that cancels. */
  at(atMs: number, then: () => void): () => void;
}

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  at(atMs, then) {
    const timer = setTimeout(then, Math.max(0, atMs - Date.now()));
    return () => {
      clearTimeout(timer);
    };
  },
};
