import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Container, ContainerStatus, Probe } from "kubernetes-types/core/v1.js";
import { timeText, until } from "../clock.ts";
import { BackOff, goDuration } from "./back-off.ts";
import { type ContainerConfig, containerConfig } from "./container-config.ts";
import { containerImage, shownMs, type Telling } from "./container-image.ts";
import { ContainerLog } from "./container-log.ts";
import { ContainerRun, type RunEnd } from "./container-run.ts";
import { ContainerConfigError } from "./environment.ts";
import { graceMs, podTitle } from "./pod.ts";
import { lookAgainMs, type PodContext } from "./pod-context.ts";
import { pullLogins } from "./pull-secrets.ts";
import { checkProbe } from "./probe-check.ts";
import { type Probes, startProbes } from "./prober.ts";

/** One container of a pod, from its first pull to its last exit. */
export class ContainerWorker {
  readonly container: Container;
  /** Settles when the container was started and its startup probe passed for the first time. */
  readonly started: Promise<void>;
  /** Settles when it was tried once to start the container. */
  readonly tried: Promise<void>;
  readonly #context: PodContext;
  readonly #folder: string;
  readonly #backOff: BackOff;
  readonly #stopping = new AbortController();
  readonly #hurry = new AbortController();
  readonly #tell: Telling;
  #tellStarted: () => void = () => undefined;
  #tellTried: () => void = () => undefined;
  #status: ContainerStatus;
  /** Whose state is shown next. */
  #identity: Partial<ContainerStatus> = {};
  #current: ContainerRun | undefined;
  #graceMs = 30_000;
  #probes: Probes | undefined;
  /** The log of this run and of the one before. */
  #logs: readonly ContainerLog[] = [];

  constructor(container: Container, context: PodContext) {
    this.container = container;
    this.#context = context;
    this.#folder = join(context.folder, container.name);
    this.#backOff = new BackOff(context.clock);
    this.started = new Promise((resolve) => {
      this.#tellStarted = resolve;
    });
    this.tried = new Promise((resolve) => {
      this.#tellTried = resolve;
    });
    const list = context.pod().spec.initContainers?.includes(container) ? "initContainers" : "containers";
    const fieldPath = `spec.${list}{${container.name}}`;
    this.#tell = {
      say: (type, reason, message) => context.record(context.pod(), type, reason, message, { fieldPath }),
      wait: (reason, message) => this.#update({ state: { waiting: { reason, message } } }),
    };
    const { name, image = "" } = container;
    const reason = context.pod().spec.initContainers?.length ? "PodInitializing" : "ContainerCreating";
    const none = { lastState: {}, restartCount: 0, started: false, ready: false, imageID: "" };
    this.#status = { name, image, state: { waiting: { reason } }, ...none };
  }

  /** What the pod's status shows. */
  get status(): ContainerStatus {
    return this.#status;
  }

  /** The log of the present run, or with `previous` of the one before it; where there is none, why it waits. */
  log(previous: boolean): ContainerLog | string {
    const { waiting } = this.#status.state ?? {};
    // While it waits for its restart, the run that ended last is meant either way.
    const log = previous && !waiting ? this.#logs[1] : this.#logs[0];
    if (log) return log;
    const reason = waiting?.reason ?? "ContainerCreating";
    if (reason === "ErrImagePull") return "image can't be pulled";
    return reason === "ImagePullBackOff" ? "trying and failing to pull image" : reason;
  }

  /** Runs the container, again and again as `restarts` says; settles when it ended for good or was stopped. */
  async run(restarts: (exitCode: number) => boolean): Promise<void> {
    for (let run = 0; !this.#stopping.signal.aborted; run += 1) {
      const config = await this.#config();
      if (!config) return;
      const exitCode = await this.#runOnce(run, config);
      if (this.#stopping.signal.aborted || !restarts(exitCode)) return;
      await this.#waitBeforeRestart();
    }
  }

  /** Stops the container within the grace, and for good. A second call can only shorten the grace. */
  async stop(graceMs: number): Promise<void> {
    if (graceMs === 0) this.#hurry.abort();
    this.#graceMs = this.#stopping.signal.aborted ? Math.min(this.#graceMs, graceMs) : graceMs;
    if (!this.#stopping.signal.aborted) {
      this.#stopping.abort();
      this.#probes?.stopLiveness();
      if (this.#current) this.#tell.say("Normal", "Killing", `Stopping container ${this.container.name}`);
    }
    await this.#current?.stop(this.#graceMs);
  }

  /** The image and what to run in it, as soon as they can be had; undefined when the container is stopped before. */
  async #config(): Promise<ContainerConfig | undefined> {
    const { signal } = this.#stopping;
    const { clock } = this.#context;
    for (;;) {
      const { images } = this.#context;
      const doors = { clock, images, logins: () => pullLogins(this.#context) };
      const image = await containerImage(this.container, doors, this.#tell, signal);
      if (!image || signal.aborted) return undefined;
      try {
        return containerConfig(this.container, image, this.#context);
      } catch (error) {
        if (!(error instanceof ContainerConfigError)) throw error;
        this.#tell.wait("CreateContainerConfigError", error.message);
        this.#tell.say("Warning", "Failed", `Error: ${error.message}`);
        await until(clock, clock.now() + lookAgainMs, signal);
      }
    }
  }

  /** One run; answers its exit code. */
  async #runOnce(number: number, config: ContainerConfig): Promise<number> {
    const { container } = this;
    const { clock } = this.#context;
    const root = join(this.#folder, `root-${number}`);
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await rm(root, { recursive: true, force: true });
    const log = new ContainerLog(join(this.#folder, `${number}.log`), clock);
    const [before, oldest] = this.#logs;
    this.#logs = before ? [log, before] : [log];
    await oldest?.remove();
    const hurry = this.#hurry.signal;
    const run = new ContainerRun({ container, config, context: this.#context, tell: this.#tell, root, log, hurry });
    const { resources = {} } = container;
    const allocated = resources.requests && { allocatedResources: resources.requests };
    // Told with the state of this run, not before: until then the one before is shown.
    const { id: containerID } = run;
    this.#identity = {
      ...this.#identity,
      containerID,
      imageID: config.image.id,
      restartCount: number,
      resources,
      ...allocated,
    };
    this.#tell.say("Normal", "Created", `Created container: ${container.name}`);
    // What never started began at the beginning of time, as containerd has it.
    let startedAt = timeText(0);
    let end: RunEnd;
    try {
      await run.start();
      startedAt = timeText(clock.now());
      this.#tell.say("Normal", "Started", `Started container ${container.name}`);
      end = await this.#live(run, startedAt);
    } catch (error) {
      // The runtime could not start it: exit code 128, as containerd's.
      const prefix = "failed to create containerd task: failed to create shim task: OCI runtime create failed";
      const why = `runc create failed: unable to start container process: ${(error as Error).message}: unknown`;
      end = { exitCode: 128, reason: "StartError", message: `${prefix}: ${why}` };
      this.#tell.say("Warning", "Failed", `Error: ${end.message}`);
      log.close();
    }
    const { exitCode, reason, message } = end;
    const times = { startedAt, finishedAt: timeText(clock.now()) };
    const terminated = { exitCode, reason, ...(message && { message }), ...times, containerID: run.id };
    this.#update({ ...this.#identity, state: { terminated }, started: false, ready: false });
    await rm(root, { recursive: true, force: true });
    return exitCode;
  }

  async #live(run: ContainerRun, startedAt: string): Promise<RunEnd> {
    this.#current = run;
    const ended = run.end();
    const hook = this.container.lifecycle?.postStart;
    if (this.#stopping.signal.aborted) void run.stop(this.#graceMs);
    else if (!hook) this.#probe(run, startedAt);
    else {
      void run.postStart(hook).then((fine) => {
        if (!run.isWanted) return;
        if (fine) this.#probe(run, startedAt);
        else {
          this.#tell.say("Warning", "FailedPostStartHook", "PostStartHook failed");
          this.#tell.say("Normal", "Killing", "FailedPostStartHook");
          void run.stop(graceMs(this.#context.pod()));
        }
      });
    }
    const end = await ended;
    this.#probes?.stop();
    this.#current = undefined;
    return end;
  }

  /** From now on it runs, and its probes say how it is. */
  #probe(run: ContainerRun, startedAt: string): void {
    const started = this.container.startupProbe === undefined;
    this.#update({ ...this.#identity, state: { running: { startedAt } }, started, ready: false });
    const check = (probe: Probe) => checkProbe(probe, run.target);
    this.#probes = startProbes(this.container, this.#context.clock, check, {
      onStarted: () => {
        this.#update({ started: true });
        this.#tellStarted();
      },
      onReady: (ready) => this.#update({ ready }),
      onDead: (kind, { terminationGracePeriodSeconds: seconds }) => {
        if (!run.isWanted) return;
        this.#probes?.stop();
        const restarting = this.#context.pod().spec.restartPolicy === "Never" ? "" : ", will be restarted";
        this.#tell.say("Normal", "Killing", `Container ${this.container.name} failed ${kind} probe${restarting}`);
        // The restart policy decides what then happens.
        void run.stop(seconds === undefined ? graceMs(this.#context.pod()) : seconds * 1000);
      },
      onFailure: (message) => this.#tell.say("Warning", "Unhealthy", message),
    });
  }

  async #waitBeforeRestart(): Promise<void> {
    const { clock } = this.#context;
    const { name } = this.container;
    const failedMs = clock.now();
    const { state: ended = {}, lastState: before = {} } = this.#status;
    const readyAt = this.#backOff.readyAt(failedMs);
    const { reason, message: why = "" } = ended.terminated ?? {};
    if (reason === "StartError") {
      this.#update({ state: { waiting: { reason: "RunContainerError", message: why } }, lastState: ended });
      await until(clock, failedMs + shownMs, this.#stopping.signal);
    }
    if (readyAt > failedMs) {
      const title = podTitle(this.#context.pod());
      const delay = goDuration(this.#backOff.delayMs);
      this.#tell.say("Warning", "BackOff", `Back-off restarting failed container ${name} in pod ${title}`);
      const message = `back-off ${delay} restarting failed container=${name} pod=${title}`;
      this.#update({ state: { waiting: { reason: "CrashLoopBackOff", message } }, lastState: ended });
      await until(clock, readyAt, this.#stopping.signal);
    }
    if (this.#stopping.signal.aborted) this.#update({ state: ended, lastState: before });
    this.#backOff.next(failedMs);
    this.#identity = { lastState: ended };
  }

  #update(change: Partial<ContainerStatus>): void {
    this.#status = { ...this.#status, ...change };
    this.#tellTried();
    this.#context.changed();
  }
}
