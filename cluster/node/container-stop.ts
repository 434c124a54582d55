import type { Container, LifecycleHandler } from "kubernetes-types/core/v1.js";
import { httpGet, type ProbeTarget } from "./probe-check.ts";
import { type PodContext, until } from "./pod-context.ts";
import type { RunningProcess } from "./process.ts";

/** What a preStop hook leaves of the grace at the least. */
const leastMs = 2000;

/**
 * Ends a container's process as the kubelet does: the preStop hook within the grace period, the stop signal, and what
 * then still runs when the grace is over is killed. Settles when the process is gone.
 */
export async function stopProcess(options: {
  readonly container: Container;
  readonly process: RunningProcess;
  readonly target: ProbeTarget;
  readonly stopSignal: string | undefined;
  readonly graceMs: number;
  readonly context: PodContext;
  /** Aborts when there is no more grace. */
  readonly hurry: AbortSignal;
}): Promise<void> {
  const { container, process, target, stopSignal, graceMs, context, hurry } = options;
  const { clock } = context;
  const begun = clock.now();
  const gone = new AbortController();
  const exited = process.exited.then(() => {
    gone.abort();
  });
  const early = AbortSignal.any([gone.signal, hurry]);
  const hook = container.lifecycle?.preStop;
  if (hook && graceMs > 0) {
    await Promise.race([
      runHook(hook, target, graceMs, context, early).catch((error: unknown) => {
        const message = `PreStopHook failed: ${(error as Error).message}`;
        context.record(context.pod(), "Warning", "FailedPreStopHook", message, {
          fieldPath: `spec.containers{${container.name}}`,
        });
      }),
      until(clock, begun + graceMs, early),
    ]);
  }
  if (!early.aborted && graceMs > 0) {
    process.signal(signalName(stopSignal));
    await until(clock, Math.max(begun + graceMs, hook ? clock.now() + leastMs : 0), early);
  }
  if (!gone.signal.aborted) process.signal("SIGKILL");
  await exited;
}

/** Runs a lifecycle hook; rejects with why it failed. */
export async function runHook(
  hook: LifecycleHandler,
  target: ProbeTarget,
  timeoutMs: number,
  { clock }: PodContext,
  signal: AbortSignal,
): Promise<void> {
  const { sleep } = hook as { readonly sleep?: { readonly seconds: number } };
  if (sleep) {
    await until(clock, clock.now() + sleep.seconds * 1000, signal);
  } else if (hook.httpGet) {
    const status = await httpGet(hook.httpGet, target, timeoutMs);
    if (status < 200 || status >= 400) throw new Error(`HTTP hook answered ${status}`);
  } else if (hook.exec) {
    const { exitCode, output } = await target.exec(hook.exec.command ?? [], timeoutMs);
    if (exitCode !== 0) throw new Error(`command exited with ${exitCode}: ${output}`);
  }
}

function signalName(stopSignal: string | undefined): NodeJS.Signals {
  const name = stopSignal?.toUpperCase() ?? "SIGTERM";
  return (name.startsWith("SIG") ? name : `SIG${name}`) as NodeJS.Signals;
}
