import type { Faults } from "./settings.ts";

/** Why the service takes no traffic now, in a few words; undefined when it does. */
export function unreadyReason(faults: Faults, secondsUp: number, draining: boolean): string | undefined {
  if (draining) return "draining";
  if (faults.neverReady) return "told never to be ready (FAULT_NEVER_READY)";
  if (secondsUp < faults.slowStartSeconds) {
    return `still starting, ready after ${faults.slowStartSeconds} s (FAULT_SLOW_START_SECONDS)`;
  }
  if (faults.flappingSeconds !== undefined && Math.floor(secondsUp / faults.flappingSeconds) % 2 === 1) {
    return `flapping every ${faults.flappingSeconds} s (FAULT_FLAPPING_SECONDS)`;
  }
  return undefined;
}

/** Spreads failures evenly: of every n requests in a row, `share` of them, give or take one. */
export function failureSpread(share: number): () => boolean {
  let owed = 0;
  return () => {
    owed += share;
    // A sum of shares like 0.1 falls short of the whole by a rounding error.
    if (owed < 1 - 1e-9) return false;
    owed -= 1;
    return true;
  };
}
