import type { Container, Probe } from "kubernetes-types/core/v1.js";
import type { Clock } from "../clock.ts";
import type { ProbeOutcome } from "./probe-check.ts";

/** While nothing listens yet, within the first period. */
const soonMs = 100;

/**
 * Asks a probe at its times: first after the initial delay, then each period, one attempt at a time. `onResult` hears each
 * time the thresholds decide: `true` passed, `false` failed. `onFailure` hears each failed attempt. Returns what ends it.
 *
 * The kubelet's first attempt falls anywhere within the first period. So within it, as long as the port refuses
 * connections, the attempt is simply repeated soon and not counted: a pod is ready when it listens, not a period later.
 */
export function startProber(options: {
  readonly probe: Probe;
  readonly clock: Clock;
  readonly check: () => Promise<ProbeOutcome>;
  readonly onResult: (passed: boolean) => void;
  readonly onFailure: (outcome: { readonly output: string; readonly errored?: true }) => void;
}): () => void {
  const { probe, clock, check, onResult, onFailure } = options;
  const { periodSeconds = 10, initialDelaySeconds = 0, successThreshold = 1, failureThreshold = 3 } = probe;
  const firstMs = clock.now() + initialDelaySeconds * 1000;
  let last: boolean | undefined;
  let inRow = 0;
  let stopped = false;
  let cancel = clock.at(firstMs, () => void attempt());

  async function attempt(): Promise<void> {
    const begunMs = clock.now();
    const outcome = await check();
    if (stopped) return;
    const soon = clock.now() + soonMs;
    const isEarly = !outcome.passed && outcome.refused && last === undefined && soon < firstMs + periodSeconds * 1000;
    cancel = clock.at(isEarly ? soon : Math.max(begunMs + periodSeconds * 1000, clock.now()), () => void attempt());
    if (isEarly) return;
    if (!outcome.passed) onFailure(outcome);
    if (!outcome.passed && outcome.errored) return;
    inRow = last === outcome.passed ? inRow + 1 : 1;
    last = outcome.passed;
    if (inRow >= (outcome.passed ? successThreshold : failureThreshold)) onResult(outcome.passed);
  }

  return () => {
    stopped = true;
    cancel();
  };
}

/** What the probes of one run of a container say. */
export interface ProbeFindings {
  onStarted(): void;
  onReady(ready: boolean): void;
  /** A startup or liveness probe failed for good; `kind` is which. */
  onDead(kind: "startup" | "liveness", probe: Probe): void;
  /** Each failed attempt, as "Readiness probe failed: …". */
  onFailure(message: string): void;
}

/** The running probes of a container. */
export interface Probes {
  stop(): void;
  /** Ends those that could kill the container. */
  stopLiveness(): void;
}

/** The probes of a container that just started: the others wait for the startup probe. */
export function startProbes(
  { startupProbe, readinessProbe, livenessProbe }: Container,
  clock: Clock,
  check: (probe: Probe) => Promise<ProbeOutcome>,
  findings: ProbeFindings,
): Probes {
  const running = new Map<string, () => void>();
  const start = (title: string, probe: Probe, onResult: (passed: boolean) => void) => {
    const onFailure = ({ output, errored }: { readonly output: string; readonly errored?: true }) => {
      findings.onFailure(`${title} probe ${errored ? "errored and resulted in unknown state" : "failed"}: ${output}`);
    };
    running.set(title, startProber({ probe, clock, check: () => check(probe), onResult, onFailure }));
  };
  const started = () => {
    findings.onStarted();
    if (readinessProbe) start("Readiness", readinessProbe, (passed) => findings.onReady(passed));
    else findings.onReady(true);
    if (!livenessProbe) return;
    start("Liveness", livenessProbe, (passed) => {
      if (!passed) findings.onDead("liveness", livenessProbe);
    });
  };
  if (startupProbe) {
    start("Startup", startupProbe, (passed) => {
      running.get("Startup")?.();
      if (passed) started();
      else findings.onDead("startup", startupProbe);
    });
  } else started();
  const stop = (titles: Iterable<string>) => {
    for (const title of titles) running.get(title)?.();
  };
  return { stop: () => stop(running.keys()), stopLiveness: () => stop(["Startup", "Liveness"]) };
}
