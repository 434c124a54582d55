import type { Node, PodSpec, ResourceRequirements } from "kubernetes-types/core/v1.js";
import { ApiError, type Client, type KubeObject } from "../client.ts";
import type { Clock } from "../clock.ts";
import type { RecordEvent } from "../events.ts";
import { apiTime, type Condition, isTerminal, type Pod, pods } from "./pod.ts";
import { parseQuantity } from "../quantity.ts";

/** What the node offers: its labels and its allocatable cores, bytes and pods. */
export interface Offer {
  readonly labels: Readonly<Record<string, string>>;
  readonly allocatable: Readonly<Record<string, number>>;
}

/** Why the pod does not fit the only node, in the scheduler's words; undefined when it does. */
export function unschedulable(spec: PodSpec, running: readonly PodSpec[], offer: Offer): string | undefined {
  const selector = Object.entries(spec.nodeSelector ?? {});
  if (selector.some(([key, value]) => offer.labels[key] !== value) || !fitsAffinity(spec, offer.labels)) {
    return sentence(["1 node(s) didn't match Pod's node affinity/selector"], false);
  }
  const wanted = podRequests(spec);
  const used = running.map(podRequests);
  const short = Object.entries(wanted).filter(([name, amount]) => {
    const others = used.reduce((sum, each) => sum + (each[name] ?? 0), 0);
    return amount > 0 && amount + others > (offer.allocatable[name] ?? 0);
  });
  if (short.length === 0) return undefined;
  const reasons = short.map(([name]) => (name === "pods" ? "1 Too many pods" : `1 Insufficient ${name}`)).toSorted();
  const couldFit = short.every(([name, amount]) => amount <= (offer.allocatable[name] ?? 0));
  return sentence(reasons, couldFit);
}

function sentence(reasons: readonly string[], couldFit: boolean): string {
  const preemption = couldFit
    ? "No preemption victims found for incoming pod"
    : "Preemption is not helpful for scheduling";
  const nodes = "0/1 nodes are available:";
  return `${nodes} ${reasons.join(", ")}. no new claims to deallocate, preemption: ${nodes} 1 ${preemption}.`;
}

/** What a pod asks for: the sum of its containers, or one init container if that asks for more; and one place. */
export function podRequests(spec: PodSpec): Readonly<Record<string, number>> {
  const total: Record<string, number> = { pods: 1 };
  for (const { resources } of spec.containers) {
    for (const [name, amount] of requestsOf(resources)) total[name] = (total[name] ?? 0) + amount;
  }
  for (const { resources } of spec.initContainers ?? []) {
    for (const [name, amount] of requestsOf(resources)) total[name] = Math.max(total[name] ?? 0, amount);
  }
  return total;
}

function requestsOf(resources: ResourceRequirements | undefined): readonly (readonly [string, number])[] {
  const both = { ...resources?.limits, ...resources?.requests };
  return Object.entries(both).map(([name, quantity]) => [name, parseQuantity(quantity)] as const);
}

/** The required node affinity: one term must fit, with all its expressions. */
function fitsAffinity(spec: PodSpec, labels: Readonly<Record<string, string>>): boolean {
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (!required) return true;
  return required.nodeSelectorTerms.some((term) =>
    (term.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
      const value = labels[key];
      if (operator === "In") return value !== undefined && values.includes(value);
      if (operator === "NotIn") return value === undefined || !values.includes(value);
      if (operator === "Exists") return value !== undefined;
      if (operator === "DoesNotExist") return value === undefined;
      const [number, bound] = [Number(value), Number(values[0])];
      return operator === "Gt" ? number > bound : number < bound;
    }),
  );
}

/** Assigns pods to the node named `nodeName`, or says in their status why not. Returns a function that ends it. */
export function startScheduler(options: {
  readonly client: Client;
  readonly clock: Clock;
  readonly record: RecordEvent;
  readonly nodeName: string;
}): () => void {
  const { client, clock, record, nodeName } = options;
  const told = new Map<string, string>();
  let queue = Promise.resolve();
  let stopped = false;

  const stopWatching = client.watch<Pod>(pods, ({ type, object }) => {
    if (type === "DELETED") told.delete(object.metadata.uid ?? "");
    const freed = type === "DELETED" || isTerminal(object);
    if (freed && told.size === 0) return;
    if (!freed && !waits(object)) return;
    queue = queue.then(() => (freed ? scheduleAll() : schedule(object))).catch(() => undefined);
  });
  const stopNode = client.watch<KubeObject>({ group: "", resource: "nodes" }, ({ object }) => {
    if (object.metadata.name === nodeName && told.size > 0) queue = queue.then(scheduleAll).catch(() => undefined);
  });

  async function scheduleAll(): Promise<void> {
    for (const pod of client.list<Pod>(pods)) if (waits(pod)) await schedule(pod);
  }

  async function schedule({ metadata: { namespace = "", name = "", uid = "" } }: Pod): Promise<void> {
    const pod = client.get<Pod>(pods, namespace, name);
    if (stopped || !pod || pod.metadata.uid !== uid || !waits(pod)) return;
    const node = client.get<KubeObject & Node>({ group: "", resource: "nodes" }, "", nodeName);
    const others = client.list<Pod>(pods).filter((other) => other.spec.nodeName !== undefined && !isTerminal(other));
    const why = node?.spec?.unschedulable
      ? sentence(["1 node(s) were unschedulable"], false)
      : unschedulable(
          pod.spec,
          others.map(({ spec }) => spec),
          offerOf(node),
        );
    if (why === undefined) await bind(pod);
    else await refuse(pod, why);
  }

  async function bind(pod: Pod): Promise<void> {
    const { namespace = "", name = "", uid = "" } = pod.metadata;
    try {
      await client.mergePatch(pods, namespace, name, { metadata: { uid }, spec: { nodeName } });
    } catch (error) {
      // Deleted meanwhile, or assigned by someone else.
      if (error instanceof ApiError && (error.code === 404 || error.code === 409)) return;
      throw error;
    }
    told.delete(uid);
    const message = `Successfully assigned ${namespace}/${name} to ${nodeName}`;
    record(pod, "Normal", "Scheduled", message, { action: "Binding" });
  }

  async function refuse(pod: Pod, message: string): Promise<void> {
    const { namespace = "", name = "", uid = "" } = pod.metadata;
    if (told.get(uid) === message) return;
    told.set(uid, message);
    record(pod, "Warning", "FailedScheduling", message, { action: "Scheduling" });
    const condition: Condition = {
      type: "PodScheduled",
      status: "False",
      reason: "Unschedulable",
      message,
      lastTransitionTime: apiTime(clock.now()),
    };
    await client.mergePatch(pods, namespace, name, { status: { conditions: [condition] } }, "status");
  }

  return () => {
    stopped = true;
    stopWatching();
    stopNode();
  };
}

function waits({ spec, metadata }: Pod): boolean {
  const gates = (spec as { readonly schedulingGates?: readonly unknown[] }).schedulingGates ?? [];
  const ours = (spec.schedulerName ?? "default-scheduler") === "default-scheduler";
  return spec.nodeName === undefined && metadata.deletionTimestamp === undefined && gates.length === 0 && ours;
}

function offerOf(node: Node | undefined): Offer {
  const amounts = Object.entries(node?.status?.allocatable ?? {}).map(([name, text]) => [name, parseQuantity(text)]);
  return { labels: node?.metadata?.labels ?? {}, allocatable: Object.fromEntries(amounts) as Record<string, number> };
}
