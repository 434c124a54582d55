import type { Container, Probe } from "kubernetes-types/core/v1.js";
import type { ContainerCommands } from "./container-commands.ts";
import type { PodContext } from "./pod-context.ts";
import { checkProbe, type ProbeTarget } from "./probe-check.ts";
import { type Prober, startProber } from "./prober.ts";

/** What the probes of one run of a container say. */
export interface ProbeFindings {
  onStarted(): void;
  onReady(ready: boolean): void;
  /** A startup or liveness probe failed for good; `kind` is which. */
  onDead(kind: "startup" | "liveness", probe: Probe): void;
}

/** What probes and hooks of a container aim at. */
export function probeTarget(container: Container, commands: ContainerCommands, context: PodContext): ProbeTarget {
  return {
    container,
    podIP: context.podIP,
    dial: (host, port) => context.dial(host, port),
    exec: (words, timeoutMs) => commands.run(words, timeoutMs),
  };
}

/** Starts the probes of a container that just started: the others wait for the startup probe. */
export function startProbes(
  container: Container,
  commands: ContainerCommands,
  context: PodContext,
  findings: ProbeFindings,
): { stop(): void; stopLiveness(): void } {
  const target = probeTarget(container, commands, context);
  const running = new Map<string, Prober>();

  function start(kind: "startup" | "readiness" | "liveness", probe: Probe, onResult: (passed: boolean) => void): void {
    const title = `${kind.slice(0, 1).toUpperCase()}${kind.slice(1)}`;
    const prober = startProber({
      probe,
      clock: context.clock,
      check: () => checkProbe(probe, target),
      onResult,
      onFailure(output) {
        const message = `${title} probe failed: ${output}`;
        context.record(context.pod(), "Warning", "Unhealthy", message, {
          fieldPath: `spec.containers{${container.name}}`,
        });
      },
    });
    running.set(kind, prober);
  }

  function started(): void {
    findings.onStarted();
    const { readinessProbe, livenessProbe } = container;
    if (readinessProbe) start("readiness", readinessProbe, (passed) => findings.onReady(passed));
    else findings.onReady(true);
    if (livenessProbe) {
      start("liveness", livenessProbe, (passed) => {
        if (!passed) findings.onDead("liveness", livenessProbe);
      });
    }
  }

  const { startupProbe } = container;
  if (startupProbe) {
    start("startup", startupProbe, (passed) => {
      running.get("startup")?.stop();
      if (passed) started();
      else findings.onDead("startup", startupProbe);
    });
  } else {
    started();
  }
  const stopAll = (kinds: readonly string[]) => {
    for (const kind of kinds) running.get(kind)?.stop();
  };
  return {
    stop: () => stopAll(["startup", "readiness", "liveness"]),
    stopLiveness: () => stopAll(["startup", "liveness"]),
  };
}
