import { mkdir, rm } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import type { Container } from "kubernetes-types/core/v1.js";
import { ApiError } from "../client.ts";
import { until } from "../clock.ts";
import { ContainerWorker } from "./container-worker.ts";
import { ContainerConfigError } from "./environment.ts";
import { graceMs, isSidecar, isTerminal, type Pod, pods } from "./pod.ts";
import { lookAgainMs, type NodeServices, type PodContext } from "./pod-context.ts";
import { podStatus, type PodView } from "./pod-status.ts";
import { makeVolumes } from "./volumes.ts";

/** Runs one pod: from its assignment to the node until nothing of it is left. */
export class PodWorker {
  readonly podIP: string;
  readonly #context: PodContext;
  readonly #startedMs: number;
  readonly #stopping = new AbortController();
  #pod: Pod;
  #mounts: PodContext["mounts"] = () => [];
  #sandbox = false;
  #ended = false;
  #failure: PodView["failure"];
  #init: readonly ContainerWorker[];
  #main: readonly ContainerWorker[];
  #terminating: Promise<void> | undefined;
  #graceMs = 0;
  #isDue = false;
  /** The object is gone: nobody reads a status any more. */
  #orphaned = false;

  /** A worker for the pod at its address; `folder` is the pod's own: logs, volumes and root file systems. */
  constructor(pod: Pod, podIP: string, folder: string, services: NodeServices) {
    this.#pod = pod;
    this.podIP = podIP;
    this.#startedMs = services.clock.now();
    this.#context = {
      ...services,
      podIP,
      folder,
      pod: () => this.#pod,
      mounts: (container) => this.#mounts(container),
      changed: () => this.#changed(),
    };
    const make = (container: Container) => new ContainerWorker(container, this.#context);
    this.#init = (pod.spec.initContainers ?? []).map(make);
    this.#main = pod.spec.containers.map(make);
  }

  /** The worker of a container by its name. */
  container(name: string): ContainerWorker | undefined {
    return [...this.#main, ...this.#init].find(({ container }) => container.name === name);
  }

  /** The pod as it is now. Deleting it begins, or hastens, its end. */
  update(pod: Pod): void {
    // As a kubelet, it does not hear what only the status says.
    if (isDeepStrictEqual(askedOf(pod), askedOf(this.#pod))) return;
    this.#pod = pod;
    if (pod.metadata.deletionTimestamp !== undefined) this.terminate(graceMs(pod));
  }

  /** The object was removed: what still runs is killed. */
  orphan(): void {
    this.#orphaned = true;
    this.terminate(0);
  }

  /** Ends the pod: first no proxy sends it anything new, then its containers are stopped, sidecars last. */
  terminate(grace: number): void {
    if (this.#terminating && grace >= this.#graceMs) return;
    this.#graceMs = grace;
    if (this.#terminating) for (const worker of [...this.#main, ...this.#init]) void worker.stop(grace);
    else this.#terminating = this.#stopAll().catch((error: unknown) => this.#report("error killing pod", error));
  }

  /** Settles when nothing of the pod runs or will; a deleted pod's object is gone then as well. */
  async run(): Promise<void> {
    try {
      await this.#runContainers();
    } finally {
      await this.#terminating;
      this.#ended = true;
      await this.#writeStatus();
    }
    const { deletionTimestamp, namespace = "", name = "", uid = "" } = this.#pod.metadata;
    if (this.#orphaned || deletionTimestamp === undefined) return;
    try {
      await this.#context.client.delete(pods, namespace, name, { gracePeriodSeconds: 0, uid });
    } catch (error) {
      // Gone already, or another pod of the same name by now.
      if (!(error instanceof ApiError) || (error.code !== 404 && error.code !== 409)) throw error;
    }
  }

  /** Removes everything that the pod left on the machine. */
  async clean(): Promise<void> {
    await rm(this.#context.folder, { recursive: true, force: true });
  }

  async #runContainers(): Promise<void> {
    const { signal } = this.#stopping;
    await mkdir(this.#context.folder, { recursive: true, mode: 0o700 });
    this.#context.changed();
    await this.#makeVolumes();
    if (signal.aborted) return;
    this.#sandbox = true;
    void this.#holdToDeadline();
    const sidecars: Promise<void>[] = [];
    const { restartPolicy = "Always" } = this.#pod.spec;
    for (const worker of this.#init) {
      if (signal.aborted) break;
      if (isSidecar(worker.container)) {
        const running = worker.run(() => true);
        sidecars.push(running);
        await Promise.race([worker.started, running]);
      } else {
        await worker.run((exitCode) => exitCode !== 0 && restartPolicy !== "Never");
        if (worker.status.state?.terminated?.exitCode !== 0) this.#stopping.abort();
      }
    }
    if (!signal.aborted) {
      const restarts = (exitCode: number) =>
        restartPolicy === "Always" || (restartPolicy === "OnFailure" && exitCode !== 0);
      const running: Promise<void>[] = [];
      for (const worker of this.#main) {
        running.push(worker.run(restarts));
        // As the kubelet, which goes on to the next when it has tried to start this one.
        await Promise.race([worker.tried, running.at(-1)]);
      }
      await Promise.all(running);
    }
    const grace = this.#terminating ? this.#graceMs : graceMs(this.#pod);
    await Promise.all(this.#init.map((worker) => worker.stop(grace)));
    await Promise.all(sidecars);
  }

  async #makeVolumes(): Promise<void> {
    const { signal } = this.#stopping;
    const { clock, record } = this.#context;
    while (!signal.aborted) {
      try {
        this.#mounts = await makeVolumes(this.#context);
        return;
      } catch (error) {
        if (!(error instanceof ContainerConfigError)) throw error;
        record(this.#pod, "Warning", "FailedMount", error.message);
        await until(clock, clock.now() + lookAgainMs, signal);
      }
    }
  }

  /** activeDeadlineSeconds counts from the pod's start, whatever it does then. */
  async #holdToDeadline(): Promise<void> {
    const { activeDeadlineSeconds: seconds = Infinity } = this.#pod.spec;
    await until(this.#context.clock, this.#startedMs + seconds * 1000, this.#stopping.signal);
    if (this.#ended || this.#stopping.signal.aborted) return;
    const message = "Pod was active on the node longer than the specified deadline";
    this.#failure = { reason: "DeadlineExceeded", message };
    this.#context.record(this.#pod, "Normal", "DeadlineExceeded", message);
    this.terminate(graceMs(this.#pod));
  }

  async #stopAll(): Promise<void> {
    this.#stopping.abort();
    this.#context.changed();
    if (this.#graceMs > 0) await this.#context.withdraw(this.podIP);
    await Promise.all(this.#main.map((worker) => worker.stop(this.#graceMs)));
    await Promise.all(this.#init.map((worker) => worker.stop(this.#graceMs)));
  }

  #report(what: string, error: unknown): void {
    this.#context.record(this.#pod, "Warning", "FailedSync", `${what}: ${(error as Error).message}`);
  }

  /** Writes the status, once for all that changes together. */
  #changed(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      this.#writeStatus().catch((error: unknown) => this.#report("Error updating pod status", error));
    });
  }

  async #writeStatus(): Promise<void> {
    if (this.#orphaned) return;
    const { client, clock, hostIP } = this.#context;
    const { name = "", namespace = "", uid } = this.#pod.metadata;
    const latest = client.get<Pod>(pods, namespace, name);
    if (!latest || latest.metadata.uid !== uid || (isTerminal(latest) && !this.#ended)) return;
    const view: PodView = {
      hostIP,
      podIP: this.#sandbox ? this.podIP : undefined,
      startedMs: this.#startedMs,
      sandbox: this.#sandbox,
      ended: this.#ended,
      containers: this.#main.map(({ status }) => status),
      initContainers: this.#init.map(({ status }) => status),
      failure: this.#failure,
    };
    const status = podStatus(latest, view, clock.now());
    if (isDeepStrictEqual(status, latest.status)) return;
    try {
      await client.updateStatus<Pod>(pods, { ...latest, status });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.code === 409) await this.#writeStatus();
    }
  }
}

function askedOf({ spec, metadata }: Pod): object {
  const { labels, annotations, deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  return { spec, labels, annotations, deletionTimestamp, deletionGracePeriodSeconds };
}
