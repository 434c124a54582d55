import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import type { Container, Probe } from "kubernetes-types/core/v1.js";
import { BackOff, goDuration } from "./back-off.ts";
import { containerImage } from "./container-image.ts";
import { type ContainerLog, openContainerLog } from "./container-log.ts";
import { probeTarget, startProbes } from "./container-probes.ts";
import { containerVariables, type Mount, startContainer, type StartedContainer } from "./container-start.ts";
import { runHook, stopProcess } from "./container-stop.ts";
import { ContainerConfigError } from "./environment.ts";
import type { Image } from "./image-store.ts";
import { watchMemory } from "./memory-limit.ts";
import { apiTime, type ContainerState, podTitle } from "./pod.ts";
import { type PodContext, until } from "./pod-context.ts";
import type { ContainerView } from "./pod-status.ts";

/** Whether a container that ended with `exitCode` runs again. */
export type RestartRule = (exitCode: number) => boolean;

/** One container of a pod, from its first pull to its last exit. */
export class ContainerWorker {
  readonly container: Container;
  readonly #context: PodContext;
  readonly #folder: string;
  readonly #mounts: readonly Mount[];
  readonly #backOff: BackOff;
  readonly #stopping = new AbortController();
  readonly #hurry = new AbortController();
  readonly #started: Promise<void>;
  #tellStarted: () => void = () => undefined;
  #view: ContainerView;
  #current: { readonly started: StartedContainer; readonly image: Image } | undefined;
  #graceMs = 30_000;
  #restarts = 0;
  #runs = 0;
  #probes: { stop(): void; stopLiveness(): void } | undefined;
  #stopPromise: Promise<void> | undefined;
  /** The log of this run and of the one before. */
  #logs: readonly ContainerLog[] = [];

  constructor(container: Container, mounts: readonly Mount[], context: PodContext, waiting: string) {
    this.container = container;
    this.#context = context;
    this.#mounts = mounts;
    this.#folder = join(context.folder, container.name);
    this.#backOff = new BackOff(context.clock);
    this.#started = new Promise((resolve) => {
      this.#tellStarted = resolve;
    });
    this.#view = {
      name: container.name,
      image: container.image ?? "",
      imageID: "",
      containerID: undefined,
      state: { waiting: { reason: waiting } },
      lastState: {},
      restartCount: 0,
      started: false,
      ready: false,
    };
  }

  /** What the status shows. */
  get view(): ContainerView {
    return this.#view;
  }

  /** Settles when the container was started and its startup probe passed for the first time. */
  get started(): Promise<void> {
    return this.#started;
  }

  /** The log of the present run, or with `previous` of the one before it. */
  log(previous: boolean): ContainerLog | undefined {
    return previous ? this.#logs[1] : this.#logs[0];
  }

  /** Runs the container, again and again as the rule says; settles when it ended for good or was stopped. */
  async run(restarts: RestartRule): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const image = await this.#image();
      if (!image) return;
      const exitCode = await this.#runOnce(image);
      if (exitCode === undefined || signal.aborted || !restarts(exitCode)) return;
      await this.#waitBeforeRestart();
    }
  }

  /** Stops the container within the grace, and for good. A second call can only shorten the grace. */
  stop(graceMs: number): Promise<void> {
    if (this.#stopping.signal.aborted) {
      if (graceMs === 0) this.#hurry.abort();
      return this.#stopPromise ?? Promise.resolve();
    }
    this.#graceMs = graceMs;
    if (graceMs === 0) this.#hurry.abort();
    this.#stopping.abort();
    this.#probes?.stopLiveness();
    if (this.#current) {
      this.#say("Normal", "Killing", `Stopping container ${this.container.name}`);
      this.#stopPromise = this.#end(graceMs);
    }
    return this.#stopPromise ?? Promise.resolve();
  }

  async #image(): Promise<Image | undefined> {
    const wait = (reason: string, message: string) => this.#wait(reason, message);
    return containerImage(this.container, this.#context, wait, this.#stopping.signal);
  }

  /** One run; answers its exit code, or undefined when it was stopped before it began. */
  async #runOnce(image: Image): Promise<number | undefined> {
    const variables = await this.#variables(image);
    if (!variables) return undefined;
    const { clock } = this.#context;
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const run = this.#runs;
    this.#runs += 1;
    const log = openContainerLog(join(this.#folder, `${run}.log`), clock);
    const [previous, oldest] = this.#logs;
    this.#logs = previous ? [log, previous] : [log];
    if (oldest) await rm(oldest.path, { force: true });
    const root = join(this.#folder, `root-${run}`);
    const containerID = `plumbline://${randomBytes(32).toString("hex")}`;
    this.#update({ containerID, imageID: image.id, restartCount: this.#restarts });
    try {
      this.#say("Normal", "Created", `Created container: ${this.container.name}`);
      const mounts = this.#mounts;
      const context = this.#context;
      const started = await startContainer({
        ...variables,
        container: this.container,
        image,
        mounts,
        root,
        log,
        context,
      });
      return await this.#live(started, image, containerID, log);
    } catch (error) {
      await log.close();
      return this.#failedToStart(error as Error, containerID);
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  }

  async #live(started: StartedContainer, image: Image, containerID: string, log: ContainerLog): Promise<number> {
    const { clock } = this.#context;
    const startedMs = clock.now();
    this.#current = { started, image };
    this.#say("Normal", "Started", `Started container ${this.container.name}`);
    if (this.#stopping.signal.aborted) this.#stopPromise = this.#end(this.#graceMs);
    else this.#startProbes(started, startedMs);
    let outOfMemory = false;
    const stopWatching = watchMemory(this.container, started.process.pid, clock, () => {
      outOfMemory = true;
      started.process.signal("SIGKILL");
    });
    const { exitCode } = await started.process.exited;
    stopWatching();
    await started.commands.end();
    this.#current = undefined;
    this.#probes?.stop();
    await log.close();
    const times = { startedAt: apiTime(startedMs), finishedAt: apiTime(clock.now()) };
    const reason = outOfMemory ? "OOMKilled" : exitCode === 0 ? "Completed" : "Error";
    const message = exitCode === 0 ? undefined : await this.#lastWords(log);
    const terminated = { exitCode, reason, ...(message ? { message } : {}), ...times, containerID };
    this.#update({ state: { terminated }, started: false, ready: false });
    return exitCode;
  }

  #startProbes(started: StartedContainer, startedMs: number): void {
    const hook = this.container.lifecycle?.postStart;
    const running: ContainerState = { running: { startedAt: apiTime(startedMs) } };
    const begin = () => {
      this.#update({ state: running, started: this.container.startupProbe === undefined, ready: false });
      this.#probes = startProbes(this.container, started.commands, this.#context, {
        onStarted: () => {
          this.#update({ started: true });
          this.#tellStarted();
        },
        onReady: (ready) => this.#update({ ready }),
        onDead: (kind, probe) => this.#die(kind, probe),
      });
    };
    if (!hook) {
      begin();
      return;
    }
    const target = probeTarget(this.container, started.commands, this.#context);
    runHook(hook, target, 60_000, this.#context, this.#stopping.signal).then(
      () => {
        if (this.#current?.started === started) begin();
      },
      (error: unknown) => {
        this.#say("Warning", "FailedPostStartHook", `PostStartHook failed: ${(error as Error).message}`);
        started.process.signal("SIGKILL");
      },
    );
  }

  /** A probe says that the container is dead: it is stopped as at the pod's end, and the restart rule decides. */
  #die(kind: "startup" | "liveness", probe: Probe): void {
    if (this.#stopping.signal.aborted || this.#stopPromise || !this.#current) return;
    this.#probes?.stop();
    const restarting = this.#context.pod().spec.restartPolicy === "Never" ? "" : ", will be restarted";
    this.#say("Normal", "Killing", `Container ${this.container.name} failed ${kind} probe${restarting}`);
    const grace = probe.terminationGracePeriodSeconds ?? this.#context.pod().spec.terminationGracePeriodSeconds ?? 30;
    const ending = this.#end(grace * 1000).finally(() => {
      this.#stopPromise = undefined;
    });
    this.#stopPromise = ending;
    // The run itself waits for the exit; nobody waits for this.
    ending.catch(() => undefined);
  }

  async #end(graceMs: number): Promise<void> {
    const current = this.#current;
    if (!current) return;
    await stopProcess({
      container: this.container,
      process: current.started.process,
      target: probeTarget(this.container, current.started.commands, this.#context),
      stopSignal: current.image.config.StopSignal,
      graceMs,
      context: this.#context,
      hurry: this.#hurry.signal,
    });
  }

  async #variables(image: Image): Promise<ReturnType<typeof containerVariables> | undefined> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      // Asked for before looking, so that a change in between is not missed.
      const waiting = new AbortController();
      const changed = this.#context.configChange(AbortSignal.any([signal, waiting.signal]));
      try {
        return containerVariables(this.container, image, this.#context);
      } catch (error) {
        if (!(error instanceof ContainerConfigError)) throw error;
        this.#wait("CreateContainerConfigError", error.message);
        this.#say("Warning", "Failed", `Error: ${error.message}`);
        await changed;
      } finally {
        waiting.abort();
      }
    }
    return undefined;
  }

  /** The runtime could not start it: exit code 128, as containerd's. */
  #failedToStart(error: Error, containerID: string): number {
    const prefix = "failed to create containerd task: failed to create shim task: OCI runtime create failed";
    const message = `${prefix}: unable to start container process: ${error.message}: unknown`;
    this.#say("Warning", "Failed", `Error: ${message}`);
    const at = apiTime(this.#context.clock.now());
    const terminated = { exitCode: 128, reason: "StartError", message, startedAt: at, finishedAt: at, containerID };
    this.#update({ state: { terminated }, started: false, ready: false });
    return 128;
  }

  async #waitBeforeRestart(): Promise<void> {
    const { clock } = this.#context;
    const failedMs = clock.now();
    const lastState = this.#view.state;
    const readyAt = this.#backOff.readyAt(failedMs);
    const pod = this.#context.pod();
    if (readyAt > failedMs) {
      const title = podTitle(pod);
      const delay = goDuration(this.#backOff.delayMs);
      const message = `back-off ${delay} restarting failed container=${this.container.name} pod=${title}`;
      this.#say("Warning", "BackOff", `Back-off restarting failed container ${this.container.name} in pod ${title}`);
      this.#update({ state: { waiting: { reason: "CrashLoopBackOff", message } }, lastState });
      await until(clock, readyAt, this.#stopping.signal);
      if (this.#stopping.signal.aborted) {
        this.#update({ state: lastState });
        return;
      }
    }
    this.#backOff.next(failedMs);
    this.#restarts += 1;
    this.#view = { ...this.#view, lastState };
  }

  /** With the policy FallbackToLogsOnError, the end of the log is the message of a failure. */
  async #lastWords(log: ContainerLog): Promise<string | undefined> {
    if (this.container.terminationMessagePolicy !== "FallbackToLogsOnError") return undefined;
    const records = (await readFile(log.path, "utf8").catch(() => "")).split("\n").slice(-81);
    return records
      .map((record) => record.replace(/^\S+ \S+ /, ""))
      .join("\n")
      .slice(-2048);
  }

  #wait(reason: string, message: string): void {
    this.#update({ state: { waiting: { reason, message } } });
  }

  #say(type: "Normal" | "Warning", reason: string, message: string): void {
    this.#context.record(this.#context.pod(), type, reason, message, {
      fieldPath: `spec.containers{${this.container.name}}`,
    });
  }

  #update(change: Partial<ContainerView>): void {
    this.#view = { ...this.#view, ...change };
    this.#context.changed();
  }
}
