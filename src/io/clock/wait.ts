import type { Clock } from "../clock/clock.ts";

/** Waits `ms` by the clock, or until `signal` aborts; true when the time is over, false when it was aborted. */
export function waitFor(clock: Clock, ms: number, signal?: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve(false);
    const cancel = clock.at(clock.now() + ms, () => {
      signal?.removeEventListener("abort", aborted);
      resolve(true);
    });
    function aborted(): void {
      cancel();
      resolve(false);
    }
    signal?.addEventListener("abort", aborted, { once: true });
  });
}

/** The n-th wait of a back-off (n counts from 0): doubles from `baseMs` to `maxMs`, the upper half of it by chance. */
export function backOffMs(n: number, baseMs: number, maxMs: number, random: () => number): number {
  const full = Math.min(maxMs, baseMs * 2 ** Math.min(n, 20));
  return full / 2 + (full / 2) * random();
}
