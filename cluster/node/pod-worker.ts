import { mkdir, rm } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import type { Container } from "kubernetes-types/core/v1.js";
import { ApiError, type Client } from "../client.ts";
import { ContainerWorker } from "./container-worker.ts";
import { ContainerConfigError } from "./environment.ts";
import { isSidecar, isTerminal, type Pod, pods } from "./pod.ts";
import { type PodContext, until } from "./pod-context.ts";
import { podStatus, type PodView } from "./pod-status.ts";
import { makeVolumes } from "./volumes.ts";

/** What a pod's worker needs besides the pod. */
export type PodServices = Omit<PodContext, "pod" | "podIP" | "changed" | "addressVariables"> & {
  readonly client: Client;
  /** Takes the pod's address; called once. */
  takeAddress(pod: Pod): Promise<string>;
  addressVariables(podIP: string, environment: Readonly<Record<string, string>>): Readonly<Record<string, string>>;
  /** Settles when no proxy sends anything new to the address any more. */
  withdraw(podIP: string): Promise<void>;
};

/** Runs one pod: from its assignment to the node until nothing of it is left. */
export class PodWorker {
  readonly #services: PodServices;
  #pod: Pod;
  #podIP: string | undefined;
  readonly #startedMs: number;
  #sandbox = false;
  #ended = false;
  #failure: PodView["failure"];
  #init: readonly ContainerWorker[] = [];
  #main: readonly ContainerWorker[] = [];
  readonly #stopping = new AbortController();
  #terminating: Promise<void> | undefined;
  #writer: Promise<void> | undefined;
  #dirty = false;
  #graceMs = 0;
  /** The object is gone: nobody reads a status any more. */
  #orphaned = false;

  constructor(pod: Pod, services: PodServices) {
    this.#pod = pod;
    this.#services = services;
    this.#startedMs = services.clock.now();
  }

  get podIP(): string | undefined {
    return this.#podIP;
  }

  /** The worker of a container by its name. */
  container(name: string): ContainerWorker | undefined {
    return [...this.#main, ...this.#init].find(({ container }) => container.name === name);
  }

  /** The pod as it is now. Deleting it begins, or hastens, its end. */
  update(pod: Pod): void {
    this.#pod = pod;
    if (pod.metadata.deletionTimestamp === undefined) return;
    const seconds = pod.metadata.deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30;
    this.terminate(seconds * 1000);
  }

  /** The object was removed: what still runs is killed. */
  orphan(): void {
    this.#orphaned = true;
    this.terminate(0);
  }

  /** Ends the pod: first no proxy sends it anything new, then its containers are stopped, sidecars last. */
  terminate(graceMs: number): void {
    if (this.#terminating && (graceMs > 0 || this.#graceMs === 0)) return;
    const first = this.#terminating === undefined;
    this.#graceMs = graceMs;
    if (!first) {
      for (const worker of [...this.#main, ...this.#init]) void worker.stop(graceMs);
      return;
    }
    this.#terminating = this.#stopAll().catch((error: unknown) => this.#report("error killing pod", error));
  }

  /** Settles when nothing of the pod runs or will; then its folder is gone if its object is. */
  async run(): Promise<void> {
    try {
      await this.#runContainers();
    } finally {
      await this.#terminating;
      this.#ended = true;
      await this.#writeStatus();
    }
    await this.#finish();
  }

  /** Once the pod is deleted, its object goes as well. */
  async #finish(): Promise<void> {
    const { metadata } = this.#pod;
    if (this.#orphaned || metadata.deletionTimestamp === undefined) return;
    const uid = metadata.uid === undefined ? {} : { uid: metadata.uid };
    try {
      await this.#services.client.delete(pods, metadata.namespace ?? "", metadata.name ?? "", {
        gracePeriodSeconds: 0,
        ...uid,
      });
    } catch (error) {
      // Gone already, or another pod of the same name by now.
      if (!(error instanceof ApiError) || (error.code !== 404 && error.code !== 409)) throw error;
    }
  }

  async #runContainers(): Promise<void> {
    const { spec } = this.#pod;
    const { folder } = this.#services;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    this.#podIP = await this.#services.takeAddress(this.#pod);
    const context = this.#context(this.#podIP);
    const waiting = spec.initContainers?.length ? "PodInitializing" : "ContainerCreating";
    const make = (list: readonly Container[]) => list.map((each) => new ContainerWorker(each, [], context, waiting));
    this.#init = make(spec.initContainers ?? []);
    this.#main = make(spec.containers);
    context.changed();
    const mountsOf = await this.#volumes(context);
    if (!mountsOf) return;
    const remake = (list: readonly ContainerWorker[]) =>
      list.map(({ container }) => new ContainerWorker(container, mountsOf(container), context, waiting));
    this.#init = remake(this.#init);
    this.#main = remake(this.#main);
    this.#sandbox = true;
    this.#armDeadline();
    const sidecars: Promise<void>[] = [];
    for (const worker of this.#init) {
      if (this.#stopping.signal.aborted) break;
      if (isSidecar(worker.container)) {
        const running = worker.run(() => true);
        sidecars.push(running);
        await Promise.race([worker.started, running]);
        continue;
      }
      await worker.run((exitCode) => exitCode !== 0 && spec.restartPolicy !== "Never" && !this.#terminating);
      if (worker.view.state.terminated?.exitCode !== 0) this.#stopping.abort();
    }
    if (!this.#stopping.signal.aborted) {
      await Promise.all(this.#main.map((worker) => worker.run((exitCode) => this.#restarts(exitCode))));
    }
    await Promise.all(this.#init.map((worker) => worker.stop(this.#terminating ? this.#graceMs : this.#specGraceMs())));
    await Promise.all(sidecars);
  }

  #restarts(exitCode: number): boolean {
    if (this.#terminating) return false;
    const policy = this.#pod.spec.restartPolicy ?? "Always";
    return policy === "Always" || (policy === "OnFailure" && exitCode !== 0);
  }

  #specGraceMs(): number {
    return (this.#pod.spec.terminationGracePeriodSeconds ?? 30) * 1000;
  }

  async #volumes(context: PodContext): Promise<Awaited<ReturnType<typeof makeVolumes>> | undefined> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const changed = context.configChange(signal);
      try {
        return await makeVolumes(context);
      } catch (error) {
        if (!(error instanceof ContainerConfigError)) throw error;
        context.record(this.#pod, "Warning", "FailedMount", error.message);
        await changed;
      }
    }
    return undefined;
  }

  /** activeDeadlineSeconds counts from the pod's start, whatever it does then. */
  #armDeadline(): void {
    const seconds = this.#pod.spec.activeDeadlineSeconds;
    if (seconds === undefined) return;
    const { clock, record } = this.#services;
    void until(clock, this.#startedMs + seconds * 1000, this.#stopping.signal).then(() => {
      if (this.#ended || this.#stopping.signal.aborted) return;
      const message = "Pod was active on the node longer than the specified deadline";
      this.#failure = { reason: "DeadlineExceeded", message };
      record(this.#pod, "Normal", "DeadlineExceeded", message);
      this.terminate(this.#specGraceMs());
    });
  }

  async #stopAll(): Promise<void> {
    this.#stopping.abort();
    this.#changed();
    if (this.#podIP !== undefined && this.#graceMs > 0) await this.#services.withdraw(this.#podIP);
    await Promise.all(this.#main.map((worker) => worker.stop(this.#graceMs)));
    await Promise.all(this.#init.map((worker) => worker.stop(this.#graceMs)));
  }

  #context(podIP: string): PodContext {
    const services = this.#services;
    return {
      ...services,
      podIP,
      pod: () => this.#pod,
      changed: () => this.#changed(),
      addressVariables: (environment) => services.addressVariables(podIP, environment),
    };
  }

  #view(): PodView {
    return {
      hostIP: this.#services.hostIP,
      podIP: this.#sandbox ? this.#podIP : undefined,
      startedMs: this.#startedMs,
      sandbox: this.#sandbox,
      ended: this.#ended,
      containers: this.#main.map(({ view }) => view),
      initContainers: this.#init.map(({ view }) => view),
      failure: this.#failure,
    };
  }

  #changed(): void {
    this.#writeStatus().catch((error: unknown) => this.#report("Error updating pod status", error));
  }

  #report(what: string, error: unknown): void {
    this.#services.record(this.#pod, "Warning", "FailedSync", `${what}: ${(error as Error).message}`);
  }

  /** Writes the newest status; what changes while one is written goes with the next. */
  #writeStatus(): Promise<void> {
    this.#dirty = true;
    this.#writer ??= this.#writeWhileDirty().finally(() => {
      this.#writer = undefined;
    });
    return this.#writer;
  }

  async #writeWhileDirty(): Promise<void> {
    // What changes together is written together.
    await Promise.resolve();
    while (this.#dirty && !this.#orphaned) {
      this.#dirty = false;
      await this.#writeOnce();
    }
  }

  async #writeOnce(): Promise<void> {
    const { client, clock } = this.#services;
    const { name = "", namespace = "", uid } = this.#pod.metadata;
    const latest = client.get<Pod>(pods, namespace, name);
    if (!latest || latest.metadata.uid !== uid || (isTerminal(latest) && !this.#ended)) return;
    const status = podStatus(latest, this.#view(), clock.now());
    if (isDeepStrictEqual(status, latest.status)) return;
    try {
      await client.updateStatus<Pod>(pods, { ...latest, status });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.code === 409) this.#dirty = true;
    }
  }

  /** Removes everything that the pod left on the machine. */
  async clean(): Promise<void> {
    await rm(this.#services.folder, { recursive: true, force: true });
  }
}
