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
