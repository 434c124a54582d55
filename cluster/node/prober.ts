import type { Probe } from "kubernetes-types/core/v1.js";
import type { Clock } from "../clock.ts";
import type { ProbeOutcome } from "./probe-check.ts";

/** A probe that is asked again and again. */
export interface Prober {
  stop(): void;
}

/** While nothing listens yet, within the first period. */
const soonMs = 100;

/**
 * Asks a probe at its times: first after the initial delay, then each period, one attempt at a time. `onResult` hears each
 * time the thresholds decide: `true` passed, `false` failed. `onFailure` hears each failed attempt.
 *
 * The kubelet's first attempt falls anywhere within the first period. So within it, as long as the port refuses
 * connections, the attempt is simply repeated soon and not counted: a pod is ready when it listens, not a period later.
 */
export function startProber(options: {
  readonly probe: Probe;
  readonly clock: Clock;
  readonly check: () => Promise<ProbeOutcome>;
  readonly onResult: (passed: boolean) => void;
  readonly onFailure: (output: string) => void;
}): Prober {
  const { probe, clock, check, onResult, onFailure } = options;
  const periodMs = (probe.periodSeconds ?? 10) * 1000;
  const firstMs = clock.now() + (probe.initialDelaySeconds ?? 0) * 1000;
  let last: boolean | undefined;
  let inRow = 0;
  let stopped = false;
  let attemptMs = firstMs;
  let cancel = clock.at(firstMs, attempt);

  function attempt(): void {
    attemptMs = clock.now();
    check().then(judge, (error: unknown) => {
      judge({ passed: false, output: String(error), refused: false });
    });
  }

  function judge(outcome: ProbeOutcome): void {
    if (stopped) return;
    if (!outcome.passed && outcome.refused && last === undefined && clock.now() + soonMs < firstMs + periodMs) {
      cancel = clock.at(clock.now() + soonMs, attempt);
      return;
    }
    cancel = clock.at(Math.max(attemptMs + periodMs, clock.now()), attempt);
    inRow = last === outcome.passed ? inRow + 1 : 1;
    last = outcome.passed;
    if (!outcome.passed) onFailure(outcome.output);
    const threshold = outcome.passed ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3);
    if (inRow >= threshold) onResult(outcome.passed);
  }

  return {
    stop() {
      stopped = true;
      cancel();
    },
  };
}
