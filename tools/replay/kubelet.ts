import { createHash } from "node:crypto";
import type { Client, KubeObject, ResourceName } from "../../cluster/client.ts";
import type { Clock } from "../../cluster/clock.ts";
import { apiTime, NodeEvents } from "./node-events.ts";

const pods: ResourceName = { group: "", resource: "pods" };

/** The name of the only node of a replay. */
export const nodeName = "node";
/** Its address. */
export const nodeIP = "192.168.0.10";

interface Pod extends KubeObject {
  readonly spec: {
    readonly nodeName?: string;
    readonly nodeSelector?: Readonly<Record<string, string>>;
    readonly containers: readonly { readonly name: string; readonly image?: string; readonly resources?: object }[];
  };
  readonly status?: { readonly phase?: string; readonly conditions?: readonly object[] };
}

/**
 * A node that runs nothing: it takes every pod without a nodeSelector, says at once that its containers run and are
 * ready, and lets pods go when their time is up.
 */
export class Kubelet {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #events: NodeEvents;
  #addresses = 0;
  #isAsleep = false;

  constructor(client: Client, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
    this.#events = new NodeEvents(client, clock, nodeName);
  }

  /** Leaves the pods to what was recorded of a node. */
  sleep(): void {
    this.#isAsleep = true;
  }

  /** Does the next thing there is to do; false when there is none. */
  async turn(): Promise<boolean> {
    if (this.#isAsleep) return false;
    for (const pod of this.#client.list<Pod>(pods)) {
      const { name = "", namespace = "", deletionTimestamp } = pod.metadata;
      if (deletionTimestamp !== undefined) {
        if (Date.parse(deletionTimestamp) > this.#clock.now()) continue;
        await this.#client.as("kubelet").delete(pods, namespace, name, { gracePeriodSeconds: 0 });
        return true;
      }
      if (pod.spec.nodeName === undefined) {
        if (pod.status?.conditions !== undefined) continue;
        if (pod.spec.nodeSelector === undefined) await this.#schedule(pod, namespace, name);
        else await this.#refuse(pod, namespace, name);
        return true;
      }
      if (pod.status?.phase === "Pending") {
        await this.#run(pod, namespace, name);
        return true;
      }
    }
    return false;
  }

  /** No selector fits a node without labels. */
  async #refuse(pod: Pod, namespace: string, name: string): Promise<void> {
    const selector = "1 node(s) didn't match Pod's node affinity/selector";
    const preemption = "0/1 nodes are available: 1 Preemption is not helpful for scheduling";
    const message = `0/1 nodes are available: ${selector}. no new claims to deallocate, preemption: ${preemption}.`;
    const condition = {
      ...this.#condition("PodScheduled", pod.metadata.generation),
      status: "False",
      reason: "Unschedulable",
      message,
    };
    const scheduler = this.#client.as("kube-scheduler");
    await scheduler.mergePatch(pods, namespace, name, { status: { conditions: [condition] } }, "status");
    await this.#events.scheduling(pod, "Warning", "FailedScheduling", "Scheduling", message);
  }

  async #schedule(pod: Pod, namespace: string, name: string): Promise<void> {
    const scheduler = this.#client.as("kube-scheduler");
    await scheduler.mergePatch(pods, namespace, name, { spec: { nodeName } });
    const conditions = [this.#condition("PodScheduled", undefined)];
    await scheduler.mergePatch(pods, namespace, name, { status: { conditions } }, "status");
    const message = `Successfully assigned ${namespace}/${name} to ${nodeName}`;
    await this.#events.scheduling(pod, "Normal", "Scheduled", "Binding", message);
  }

  async #run(pod: Pod, namespace: string, name: string): Promise<void> {
    const now = apiTime(this.#clock.now());
    this.#addresses += 1;
    const podIP = `10.244.1.${this.#addresses}`;
    const { generation } = pod.metadata;
    const types = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];
    const status = {
      observedGeneration: generation,
      phase: "Running",
      conditions: types.map((type) => this.#condition(type, generation)),
      hostIP: nodeIP,
      hostIPs: [{ ip: nodeIP }],
      podIP,
      podIPs: [{ ip: podIP }],
      startTime: now,
      containerStatuses: pod.spec.containers.map((container) => ({
        name: container.name,
        state: { running: { startedAt: now } },
        lastState: {},
        ready: true,
        restartCount: 0,
        image: container.image,
        imageID: `sha256:${digest(container.image ?? "")}`,
        containerID: `containerd://${digest(`${podIP} ${container.name}`)}`,
        started: true,
        resources: container.resources ?? {},
      })),
    };
    for (const { name: container, image = "" } of pod.spec.containers) {
      await this.#events.running(pod, container, "Pulled", `Container image "${image}" already present on machine`);
      await this.#events.running(pod, container, "Created", `Created container: ${container}`);
      await this.#events.running(pod, container, "Started", `Started container ${container}`);
    }
    await this.#client.as("kubelet").mergePatch(pods, namespace, name, { status }, "status");
  }

  #condition(type: string, generation: number | undefined): object {
    const time = { lastProbeTime: null, lastTransitionTime: apiTime(this.#clock.now()) };
    return { type, ...(generation !== undefined && { observedGeneration: generation }), status: "True", ...time };
  }
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
