import { randomBytes } from "node:crypto";
import type { Client, KubeObject, ResourceName } from "../../cluster/client.ts";
import type { Clock } from "../../cluster/clock.ts";

const coreEvents: ResourceName = { group: "", resource: "events" };
const newEvents: ResourceName = { group: "events.k8s.io", resource: "events" };

/** The events that scheduler and kubelet write about pods. */
export class NodeEvents {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #node: string;

  constructor(client: Client, clock: Clock, node: string) {
    this.#client = client;
    this.#clock = clock;
    this.#node = node;
  }

  /** The scheduler writes in the newer group. */
  async scheduling(pod: KubeObject, type: string, reason: string, action: string, note: string): Promise<void> {
    const said = { type, reason, action, note, regarding: referenceOf(pod) };
    await this.#client.as("kube-scheduler").create(newEvents, {
      ...named("events.k8s.io/v1", pod),
      ...said,
      eventTime: new Date(this.#clock.now()).toISOString().replace("Z", "000Z"),
      reportingController: "default-scheduler",
      reportingInstance: `default-scheduler-${this.#node}`,
    } as KubeObject);
  }

  /** The kubelet writes in the core group. */
  async running(pod: KubeObject, container: string, reason: string, message: string): Promise<void> {
    const now = apiTime(this.#clock.now());
    await this.#client.as("kubelet").create(coreEvents, {
      ...named("v1", pod),
      involvedObject: { ...referenceOf(pod), fieldPath: `spec.containers{${container}}` },
      reason,
      message,
      type: "Normal",
      count: 1,
      firstTimestamp: now,
      lastTimestamp: now,
      source: { component: "kubelet", host: this.#node },
      reportingComponent: "kubelet",
      reportingInstance: this.#node,
    } as KubeObject);
  }
}

function named(apiVersion: string, { metadata }: KubeObject): KubeObject {
  const name = `${metadata.name ?? ""}.${randomBytes(8).toString("hex")}`;
  return { apiVersion, kind: "Event", metadata: { name, namespace: metadata.namespace ?? "" } };
}

function referenceOf({ metadata }: KubeObject): object {
  const { namespace, name, uid, resourceVersion } = metadata;
  return { kind: "Pod", namespace, name, uid, apiVersion: "v1", resourceVersion };
}

/** A moment as the API writes it. */
export function apiTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}
