import type { Node, PodSpec, ResourceRequirements, Taint, Toleration } from "kubernetes-types/core/v1.js";
import { selects } from "../api/selectors.ts";
import type { Client, KubeObject } from "../client.ts";
import { type Clock, timeText } from "../clock.ts";
import { recordEvents } from "../events.ts";
import { type Condition, isTerminal, type Pod, pods } from "./pod.ts";
import { parseQuantity } from "../quantity.ts";

const nodes = { group: "", resource: "nodes" };

type Labels = Readonly<Record<string, string>>;

/** What the node offers: its labels and its allocatable cores, bytes and pods. */
export interface Offer {
  readonly labels: Labels;
  readonly allocatable: Readonly<Record<string, number>>;
  readonly taints?: readonly Taint[];
}

/** Why the pod does not fit the only node, in the scheduler's words; undefined when it does. */
export function unschedulable(spec: PodSpec, running: readonly PodSpec[], offer: Offer): string | undefined {
  const { labels, allocatable } = offer;
  const taint = untolerated(spec, offer.taints ?? []);
  if (taint) return sentence([taint], false);
  const { nodeSelector: matchLabels = {}, affinity } = spec;
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [{}];
  if (!selects({ matchLabels }, labels) || !terms.some((term) => selects({ ...term }, labels))) {
    return sentence(["node(s) didn't match Pod's node affinity/selector"], false);
  }
  const used = running.map(podRequests);
  const short = Object.entries(podRequests(spec)).filter(([name, amount]) => {
    const others = used.reduce((sum, each) => sum + (each[name] ?? 0), 0);
    return amount > 0 && amount + others > (allocatable[name] ?? 0);
  });
  if (short.length === 0) return undefined;
  const reasons = short.map(([name]) => (name === "pods" ? "Too many pods" : `Insufficient ${name}`)).toSorted();
  const couldFit = short.every(([name, amount]) => amount <= (allocatable[name] ?? 0));
  return sentence(reasons, couldFit);
}

function sentence(reasons: readonly string[], couldFit: boolean): string {
  const preemption = couldFit
    ? "No preemption victims found for incoming pod"
    : "Preemption is not helpful for scheduling";
  const nodes = "0/1 nodes are available:";
  const why = reasons.map((reason) => `1 ${reason}`).join(", ");
  return `${nodes} ${why}. no new claims to deallocate, preemption: ${nodes} 1 ${preemption}.`;
}

/** The node's first taint that keeps the pod off. A node that is cordoned has one. */
function untolerated({ tolerations = [] }: PodSpec, taints: readonly Taint[]): string | undefined {
  const bears =
    (taint: Taint) =>
    ({ key, operator = "Equal", value = "", effect }: Toleration) =>
      (!effect || effect === taint.effect) &&
      (operator === "Exists" ? !key || key === taint.key : key === taint.key && value === (taint.value ?? ""));
  const open = taints.find((taint) => taint.effect !== "PreferNoSchedule" && !tolerations.some(bears(taint)));
  if (open?.key === "node.kubernetes.io/unschedulable") return "node(s) were unschedulable";
  return open && `node(s) had untolerated taint {${open.key}: ${open.value ?? ""}}`;
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

function requestsOf({ limits, requests }: ResourceRequirements = {}): readonly (readonly [string, number])[] {
  return Object.entries({ ...limits, ...requests }).map(([name, quantity]) => [name, parseQuantity(quantity)] as const);
}

/** Assigns pods to the node named `nodeName`, or says in their status why not. Returns a function that ends it. */
export function startScheduler(client: Client, clock: Clock, nodeName: string): () => void {
  const { record } = recordEvents(client, clock, "default-scheduler", nodeName);
  /** By the pods that could not be placed, why. */
  const told = new Map<string, string>();
  let queue = Promise.resolve();
  let stopped = false;

  const soon = (pods: () => readonly Pod[]) => {
    queue = queue.then(async () => {
      for (const pod of pods()) await schedule(pod).catch(() => undefined);
    });
  };
  const all = () => client.list<Pod>(pods).filter(waits);
  const stopWatching = client.watch<Pod>(pods, ({ type, object }) => {
    if (type === "DELETED") told.delete(object.metadata.uid ?? "");
    const freed = type === "DELETED" || isTerminal(object);
    if (freed && told.size > 0) soon(all);
    else if (!freed && waits(object)) soon(() => [object]);
  });
  const stopNode = client.watch<KubeObject>(nodes, ({ object }) => {
    if (object.metadata.name === nodeName && told.size > 0) soon(all);
  });

  async function schedule({ metadata: { namespace = "", name = "", uid = "" } }: Pod): Promise<void> {
    const pod = client.get<Pod>(pods, namespace, name);
    if (stopped || !pod || pod.metadata.uid !== uid || !waits(pod)) return;
    const { generation } = pod.metadata;
    const others = client.list<Pod>(pods).filter((other) => other.spec.nodeName !== undefined && !isTerminal(other));
    const offer = offerOf(client.get<KubeObject & Node>(nodes, "", nodeName));
    const why = unschedulable(
      pod.spec,
      others.map(({ spec }) => spec),
      offer,
    );
    if (why === undefined) {
      await client.mergePatch(pods, namespace, name, { metadata: { uid }, spec: { nodeName } });
      told.delete(uid);
      const message = `Successfully assigned ${namespace}/${name} to ${nodeName}`;
      record(pod, "Normal", "Scheduled", message, { action: "Binding" });
    } else if (told.get(uid) !== why) {
      told.set(uid, why);
      record(pod, "Warning", "FailedScheduling", why, { action: "Scheduling" });
      const condition: Condition = {
        type: "PodScheduled",
        status: "False",
        reason: "Unschedulable",
        message: why,
        ...(generation === undefined ? {} : { observedGeneration: generation }),
        lastProbeTime: null,
        lastTransitionTime: timeText(clock.now()),
      };
      await client.mergePatch(pods, namespace, name, { status: { conditions: [condition] } }, "status");
    }
  }

  return () => {
    stopped = true;
    stopWatching();
    stopNode();
  };
}

function waits({ spec, metadata }: Pod): boolean {
  const { schedulingGates = [] } = spec as { readonly schedulingGates?: readonly unknown[] };
  const ours = (spec.schedulerName ?? "default-scheduler") === "default-scheduler";
  return (
    spec.nodeName === undefined && metadata.deletionTimestamp === undefined && schedulingGates.length === 0 && ours
  );
}

function offerOf({ metadata, spec, status }: Partial<Node> = {}): Offer {
  const amounts = Object.entries(status?.allocatable ?? {}).map(([name, text]) => [name, parseQuantity(text)]);
  const allocatable = Object.fromEntries(amounts) as Record<string, number>;
  const cordon: Taint = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };
  const taints = [...(spec?.unschedulable ? [cordon] : []), ...(spec?.taints ?? [])];
  return { labels: metadata?.labels ?? {}, allocatable, taints };
}
