import type { Clock } from "./clock.ts";

/** A clock for tests: time stands still until it is advanced, and then every timer due on the way fires in order. */
export class TurnedClock implements Clock {
  #now: number;
  #timers: { readonly atMs: number; readonly fire: () => void }[] = [];

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#now = startMs;
  }

  /** How many timers are waited for. */
  get timers(): number {
    return this.#timers.length;
  }

  now(): number {
    return this.#now;
  }

  at(atMs: number, then: () => void): () => void {
    const timer = { atMs, fire: then };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Moves time on by `ms`; between timers, pending promises are given the chance to run. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settle();
      const next = this.#timers.filter((timer) => timer.atMs <= end).toSorted((a, b) => a.atMs - b.atMs)[0];
      if (!next) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#now = Math.max(this.#now, next.atMs);
      next.fire();
    }
    this.#now = end;
    await settle();
  }
}

/** Lets everything that is already due in this process happen. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
