import type { Client, KubeObject, ResourceName } from "../../cluster/client.ts";
import type { Clock } from "../../cluster/clock.ts";

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
  #addresses = 0;
  #isAsleep = false;

  constructor(client: Client, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
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
        if (pod.spec.nodeSelector !== undefined || pod.status?.conditions !== undefined) continue;
        await this.#schedule(namespace, name);
        return true;
      }
      if (pod.status?.phase === "Pending") {
        await this.#run(pod, namespace, name);
        return true;
      }
    }
    return false;
  }

  async #schedule(namespace: string, name: string): Promise<void> {
    const scheduler = this.#client.as("kube-scheduler");
    await scheduler.mergePatch(pods, namespace, name, { spec: { nodeName } });
    const conditions = [this.#condition("PodScheduled", undefined)];
    await scheduler.mergePatch(pods, namespace, name, { status: { conditions } }, "status");
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
        imageID: `sha256:${"0".repeat(64)}`,
        containerID: `containerd://${"0".repeat(64)}`,
        started: true,
        resources: container.resources ?? {},
      })),
    };
    await this.#client.as("kubelet").mergePatch(pods, namespace, name, { status }, "status");
  }

  #condition(type: string, generation: number | undefined): object {
    const time = { lastProbeTime: null, lastTransitionTime: apiTime(this.#clock.now()) };
    return { type, ...(generation !== undefined && { observedGeneration: generation }), status: "True", ...time };
  }
}

/** A moment as the API writes it. */
export function apiTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}
