import { randomBytes } from "node:crypto";
import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Container, LifecycleHandler } from "kubernetes-types/core/v1.js";
import { until } from "../clock.ts";
import { type Place, placeCommand } from "./command.ts";
import type { ContainerConfig } from "./container-config.ts";
import type { Telling } from "./container-image.ts";
import type { ContainerLog } from "./container-log.ts";
import { resolveInside } from "./inside.ts";
import { copyTree } from "./layer.ts";
import { exceedsMemory } from "./memory-limit.ts";
import type { PodContext } from "./pod-context.ts";
import { ProbeError, type ProbeTarget, runHook } from "./probe-check.ts";
import { type RunningProcess, runCommand, startProcess } from "./process.ts";

/** What a preStop hook leaves of the grace at the least. */
const leastMs = 2000;
/** The longest message that a container may leave, in bytes. */
const longestMessage = 4096;

/** What a run is made of. */
export interface RunOptions {
  readonly container: Container;
  readonly config: ContainerConfig;
  readonly context: PodContext;
  readonly tell: Telling;
  /** A new folder for the root file system. */
  readonly root: string;
  readonly log: ContainerLog;
  /** Aborts when there is no more grace. */
  readonly hurry: AbortSignal;
}

/** How a run of a container ended. */
export interface RunEnd {
  readonly exitCode: number;
  readonly reason: string;
  readonly message: string;
}

/** One run of a container: its process, and the commands of its probes and hooks beside it. */
export class ContainerRun {
  /** In the form of containerd, whose words this node uses. */
  readonly id = `containerd://${randomBytes(32).toString("hex")}`;
  readonly target: ProbeTarget;
  readonly #with: RunOptions;
  readonly #place: Place;
  readonly #over = new AbortController();
  readonly #commands = new Set<Promise<unknown>>();
  #process: RunningProcess | undefined;
  #isStopping = false;

  constructor(options: RunOptions) {
    const { container, config, context, root } = options;
    const workingDir = container.workingDir ?? (config.image.config.WorkingDir || "/");
    this.#with = options;
    this.#place = { root, workingDir, environment: config.environment };
    const exec: ProbeTarget["exec"] = (words, timeoutMs) => this.#exec(words, timeoutMs);
    this.target = { container, podIP: context.podIP, dial: (host, port) => context.dial(host, port), exec };
  }

  /** Whether its process runs and nobody has told it to stop. */
  get isWanted(): boolean {
    return this.#process !== undefined && !this.#over.signal.aborted && !this.#isStopping;
  }

  /** Lays out the root file system and starts the program. Rejects when it cannot be started. */
  async start(): Promise<void> {
    const { container, config, context, root, log } = this.#with;
    await copyTree(config.image.tree, root);
    for (const { mountPath, place } of context.mounts(container)) {
      // A mount is a link in the root file system: what is below it in the image is hidden.
      const parent = await resolveInside(root, dirname(mountPath));
      await mkdir(parent, { recursive: true });
      await rm(join(parent, basename(mountPath)), { recursive: true, force: true });
      await symlink(place, join(parent, basename(mountPath)));
    }
    const message = await this.#messagePath();
    await mkdir(dirname(message), { recursive: true });
    await writeFile(message, "");
    this.#process = await startProcess(await placeCommand(config.words, this.#place));
    log.take(this.#process.stdout, "stdout");
    log.take(this.#process.stderr, "stderr");
  }

  /** Settles when the process has ended, and every command beside it. */
  async end(): Promise<RunEnd> {
    const process = this.#process;
    if (!process) throw new Error("a container that was not started cannot end");
    const { container, context, log } = this.#with;
    let outOfMemory = false;
    void exceedsMemory(container, process.pid, context.clock, this.#over.signal).then((exceeds) => {
      outOfMemory = exceeds;
      if (exceeds) process.signal("SIGKILL");
    });
    const exitCode = await process.exited;
    this.#over.abort();
    await Promise.allSettled(this.#commands);
    log.close();
    const reason = outOfMemory ? "OOMKilled" : exitCode === 0 ? "Completed" : "Error";
    const left = await readFile(await this.#messagePath()).catch(() => Buffer.alloc(0));
    const ofLog = exitCode !== 0 && container.terminationMessagePolicy === "FallbackToLogsOnError";
    const message = left.subarray(0, longestMessage).toString() || (ofLog ? log.lastWords() : "");
    return { exitCode, reason, message };
  }

  /**
   * Ends the process as the kubelet does: the preStop hook within the grace period, the stop signal, and what then still
   * runs when the grace is over is killed. Settles when the process is gone. May be called again with less grace.
   */
  async stop(graceMs: number): Promise<void> {
    const process = this.#process;
    if (!process) return;
    const { container, config, context, tell, hurry } = this.#with;
    const { clock } = context;
    const hook = this.#isStopping ? undefined : container.lifecycle?.preStop;
    this.#isStopping = true;
    const begun = clock.now();
    const gone = new AbortController();
    const exited = process.exited.then(() => gone.abort());
    const early = AbortSignal.any([gone.signal, hurry]);
    if (hook && graceMs > 0) {
      const running = runHook(hook, this.target, graceMs, clock, early).catch(() => {
        // What went wrong is not told: it could carry a secret.
        tell.say("Warning", "FailedPreStopHook", "PreStopHook failed");
      });
      await Promise.race([running, until(clock, begun + graceMs, early)]);
    }
    if (!early.aborted && graceMs > 0) {
      process.signal(signalName(config.image.config.StopSignal));
      await until(clock, Math.max(begun + graceMs, hook ? clock.now() + leastMs : 0), early);
    }
    if (!gone.signal.aborted) process.signal("SIGKILL");
    await exited;
  }

  /** Runs a postStart hook; answers whether it did what it should. */
  postStart(hook: LifecycleHandler): Promise<boolean> {
    const { signal } = this.#over;
    return runHook(hook, this.target, 60_000, this.#with.context.clock, signal).then(
      () => true,
      () => false,
    );
  }

  #messagePath(): Promise<string> {
    return resolveInside(this.#place.root, this.#with.container.terminationMessagePath ?? "/dev/termination-log");
  }

  #exec(words: readonly string[], timeoutMs: number): ReturnType<ProbeTarget["exec"]> {
    const { signal } = this.#over;
    if (signal.aborted) return Promise.reject(new Error("container not found"));
    const placed = placeCommand(words, this.#place).catch((error: unknown) => {
      const start = `failed to exec in container: failed to start exec "${this.id.slice(-64)}"`;
      const why = `exec failed: unable to start container process: ${(error as Error).message}: unknown`;
      throw new ProbeError(`rpc error: code = Unknown desc = ${start}: OCI runtime exec failed: ${why}`);
    });
    const done = placed.then((command) => runCommand(command, words, timeoutMs, signal));
    const forget = () => this.#commands.delete(done);
    this.#commands.add(done);
    done.then(forget, forget);
    return done;
  }
}

function signalName(stopSignal = "SIGTERM"): NodeJS.Signals {
  const name = stopSignal.toUpperCase();
  return (name.startsWith("SIG") ? name : `SIG${name}`) as NodeJS.Signals;
}
