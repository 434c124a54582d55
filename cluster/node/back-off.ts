import type { Clock } from "../clock.ts";

/** The kubelet's numbers: 10 s, doubling to 5 min, forgotten after twice the longest. */
const initialMs = 10_000;
const longestMs = 300_000;

/**
 * The kubelet's back-off of one container or one image. The first failure passes at once; after it, each attempt must lie
 * the present delay behind the failure before it.
 */
export class BackOff {
  readonly #clock: Clock;
  #delayMs = 0;
  #updatedMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The present delay in milliseconds; 0 before the first failure. */
  get delayMs(): number {
    return this.#delayMs;
  }

  /** When the next attempt may be after a failure at `failedMs`; in the past when it may be at once. */
  readyAt(failedMs: number): number {
    if (this.#delayMs === 0 || failedMs - this.#updatedMs > 2 * longestMs) return failedMs;
    return failedMs + this.#delayMs;
  }

  /** An attempt is made after the failure at `failedMs`: the next delay is twice as long, or the first again. */
  next(failedMs: number): void {
    const forgotten = this.#delayMs === 0 || failedMs - this.#updatedMs > 2 * longestMs;
    this.#delayMs = forgotten ? initialMs : Math.min(2 * this.#delayMs, longestMs);
    this.#updatedMs = this.#clock.now();
  }
}

/** A duration in whole seconds as Go writes it: 10s, 1m20s, 5m0s. */
export function goDuration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const tail = `${seconds % 60}s`;
  if (hours > 0) return `${hours}h${minutes}m${tail}`;
  return minutes > 0 ? `${minutes}m${tail}` : tail;
}
