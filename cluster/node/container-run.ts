import { randomBytes } from "node:crypto";
import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Container, LifecycleHandler, Probe } from "kubernetes-types/core/v1.js";
import { until } from "../clock.ts";
import type { Telling } from "./container-image.ts";
import type { ContainerConfig } from "./container-config.ts";
import type { ContainerLog } from "./container-log.ts";
import { type Place, placeCommand } from "./command.ts";
import { resolveInside } from "./inside.ts";
import { copyTree } from "./layer.ts";
import { exceedsMemory } from "./memory-limit.ts";
import { graceMs } from "./pod.ts";
import type { PodContext } from "./pod-context.ts";
import { type ProbeTarget, runHook } from "./probe-check.ts";
import { type RunningProcess, runCommand, startProcess } from "./process.ts";

/** What a preStop hook leaves of the grace at the least. */
const leastMs = 2000;
/** The longest message that a container may leave, in bytes. */
const longestMessage = 4096;

/** How a run of a container ended. */
export interface RunEnd {
  readonly exitCode: number;
  readonly reason: string;
  readonly message: string;
}

/** One run of a container: its process, and the commands of its probes and hooks beside it. */
export class ContainerRun {
  readonly id = `plumbline://${randomBytes(32).toString("hex")}`;
  readonly target: ProbeTarget;
  readonly #container: Container;
  readonly #config: ContainerConfig;
  readonly #context: PodContext;
  readonly #tell: Telling;
  readonly #place: Place;
  readonly #log: ContainerLog;
  readonly #hurry: AbortSignal;
  readonly #over = new AbortController();
  readonly #commands = new Set<Promise<unknown>>();
  #process: RunningProcess | undefined;
  #isStopping = false;

  /** A run whose root file system shall be the folder `root`; `hurry` aborts when there is no more grace. */
  constructor(
    container: Container,
    config: ContainerConfig,
    context: PodContext,
    more: { readonly tell: Telling; readonly root: string; readonly log: ContainerLog; readonly hurry: AbortSignal },
  ) {
    const { root } = more;
    this.#container = container;
    this.#config = config;
    this.#context = context;
    this.#tell = more.tell;
    this.#log = more.log;
    this.#hurry = more.hurry;
    const workingDir = container.workingDir ?? (config.image.config.WorkingDir || "/");
    this.#place = { root, workingDir, environment: config.environment };
    this.target = {
      container,
      podIP: context.podIP,
      dial: (host, port) => context.dial(host, port),
      exec: (words, timeoutMs) => this.#exec(words, timeoutMs),
    };
  }

  /** Whether its process runs. */
  get isLive(): boolean {
    return this.#process !== undefined && !this.#over.signal.aborted;
  }

  /** Lays out the root file system and starts the program. Rejects when it cannot be started. */
  async start(): Promise<void> {
    const { root } = this.#place;
    await rm(root, { recursive: true, force: true });
    await copyTree(this.#config.image.tree, root);
    for (const { mountPath, place } of this.#context.mounts(this.#container)) {
      // A mount is a link in the root file system: what is below it in the image is hidden.
      const parent = await resolveInside(root, dirname(mountPath));
      await mkdir(parent, { recursive: true });
      await rm(join(parent, basename(mountPath)), { recursive: true, force: true });
      await symlink(place, join(parent, basename(mountPath)));
    }
    const message = await this.#messagePath();
    await mkdir(dirname(message), { recursive: true });
    await writeFile(message, "");
    this.#process = await startProcess(await placeCommand(this.#config.words, this.#place));
    this.#log.take(this.#process.stdout, "stdout");
    this.#log.take(this.#process.stderr, "stderr");
  }

  /** Settles when the process has ended, and every command beside it. */
  async end(): Promise<RunEnd> {
    const process = this.#process;
    if (!process) throw new Error("a container that was not started cannot end");
    let outOfMemory = false;
    const watching = exceedsMemory(this.#container, process.pid, this.#context.clock, this.#over.signal);
    void watching.then((exceeds) => {
      outOfMemory = exceeds;
      if (exceeds) process.signal("SIGKILL");
    });
    const exitCode = await process.exited;
    this.#over.abort();
    await Promise.allSettled(this.#commands);
    this.#log.close();
    const reason = outOfMemory ? "OOMKilled" : exitCode === 0 ? "Completed" : "Error";
    const left = await readFile(await this.#messagePath()).catch(() => Buffer.alloc(0));
    const ofLog = exitCode !== 0 && this.#container.terminationMessagePolicy === "FallbackToLogsOnError";
    const message = left.subarray(0, longestMessage).toString() || (ofLog ? this.#log.lastWords() : "");
    return { exitCode, reason, message };
  }

  /**
   * Ends the process as the kubelet does: the preStop hook within the grace period, the stop signal, and what then still
   * runs when the grace is over is killed. Settles when the process is gone. May be called again with less grace.
   */
  async stop(graceMs: number): Promise<void> {
    const process = this.#process;
    if (!process) return;
    const hook = this.#isStopping ? undefined : this.#container.lifecycle?.preStop;
    this.#isStopping = true;
    const { clock } = this.#context;
    const begun = clock.now();
    const gone = new AbortController();
    const exited = process.exited.then(() => gone.abort());
    const early = AbortSignal.any([gone.signal, this.#hurry]);
    if (hook && graceMs > 0) {
      const running = runHook(hook, this.target, graceMs, clock, early).catch(() => {
        // What went wrong is not told: it could carry a secret.
        this.#tell.say("Warning", "FailedPreStopHook", "PreStopHook failed");
      });
      await Promise.race([running, until(clock, begun + graceMs, early)]);
    }
    if (!early.aborted && graceMs > 0) {
      process.signal(signalName(this.#config.image.config.StopSignal));
      await until(clock, Math.max(begun + graceMs, hook ? clock.now() + leastMs : 0), early);
    }
    if (!gone.signal.aborted) process.signal("SIGKILL");
    await exited;
  }

  /** Runs the postStart hook; answers whether the container may go on, which otherwise is stopped. */
  async postStart(hook: LifecycleHandler): Promise<boolean> {
    try {
      await runHook(hook, this.target, 60_000, this.#context.clock, this.#over.signal);
      return true;
    } catch {
      if (!this.isLive) return false;
      this.#tell.say("Warning", "FailedPostStartHook", "PostStartHook failed");
      this.#tell.say("Normal", "Killing", "FailedPostStartHook");
      await this.stop(graceMs(this.#context.pod()));
      return false;
    }
  }

  /** A probe says that it is dead: it is stopped as at the pod's end, and the restart policy decides. */
  async die(kind: "startup" | "liveness", { terminationGracePeriodSeconds: seconds }: Probe): Promise<void> {
    if (this.#isStopping || !this.isLive) return;
    const pod = this.#context.pod();
    const restarting = pod.spec.restartPolicy === "Never" ? "" : ", will be restarted";
    this.#tell.say("Normal", "Killing", `Container ${this.#container.name} failed ${kind} probe${restarting}`);
    await this.stop(seconds === undefined ? graceMs(pod) : seconds * 1000);
  }

  /** Removes its root file system. */
  async clean(): Promise<void> {
    this.#log.close();
    await rm(this.#place.root, { recursive: true, force: true });
  }

  #messagePath(): Promise<string> {
    return resolveInside(this.#place.root, this.#container.terminationMessagePath ?? "/dev/termination-log");
  }

  #exec(words: readonly string[], timeoutMs: number): ReturnType<ProbeTarget["exec"]> {
    const { signal } = this.#over;
    if (signal.aborted) return Promise.reject(new Error("container not found"));
    const done = placeCommand(words, this.#place).then((command) => runCommand(command, words, timeoutMs, signal));
    this.#commands.add(done);
    const forget = () => this.#commands.delete(done);
    done.then(forget, forget);
    return done;
  }
}

function signalName(stopSignal = "SIGTERM"): NodeJS.Signals {
  const name = stopSignal.toUpperCase();
  return (name.startsWith("SIG") ? name : `SIG${name}`) as NodeJS.Signals;
}
