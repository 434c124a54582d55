import type { Health, ObjectHealth, Observation, PodProgress } from "../model/health.ts";
import { valueAt } from "../model/json.ts";
import type { Json } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import type { ObjectRef } from "../model/object-ref.ts";
import { computeHealth } from "./compute.ts";
import { numberAt } from "./conditions.ts";
import { podHealth } from "./pods.ts";
import type { HealthContext } from "./pods.ts";

/** Where the watches' newest state is read. */
export interface LiveState {
  get(ref: ObjectRef): KubeObject | undefined;
  /** Every object of a kind in a namespace. */
  list(group: string, kind: string, namespace: string): readonly KubeObject[];
}

/** Annotation of a Deployment and its ReplicaSets that counts rollouts. */
const revisionKey = "deployment.kubernetes.io/revision";

/**
 * What the watches say now of everything a revision delivers. A workload that is not Current is looked into: a pod of its
 * new generation that cannot get better makes it Failed at once (behaviour R2), and the sentence names that pod.
 */
export function observe(
  desired: readonly { readonly ref: ObjectRef }[],
  live: LiveState,
  context: HealthContext,
): Observation {
  const objects: ObjectHealth[] = [];
  const pods: PodProgress[] = [];
  for (const { ref } of desired) {
    const object = live.get(ref);
    if (!object) {
      objects.push({ ref, health: { status: "NotFound", reason: "NotFound", message: "it is not in the cluster" } });
      continue;
    }
    const owned = podsOf(object, live);
    pods.push(...owned.map(({ pod, isNew }) => progressOf(pod, isNew, object.metadata.name, context)));
    objects.push({ ref, health: lookInto(computeHealth(object, context), owned, context) });
  }
  return { objects, pods };
}

interface OwnedPod {
  readonly pod: KubeObject;
  readonly isNew: boolean;
}

function lookInto(health: Health, owned: readonly OwnedPod[], context: HealthContext): Health {
  if (health.status === "Current" || health.final === true) return health;
  const news = owned.filter(({ isNew }) => isNew).map(({ pod }) => computePod(pod, context));
  const worst = news.find(({ final }) => final === true) ?? news.find(({ status }) => status === "Failed");
  if (worst) return worst;
  const waiting = news.find(({ status }) => status === "InProgress");
  return waiting ? { ...health, message: `${health.message}; ${waiting.message}` } : health;
}

function computePod(pod: KubeObject, context: HealthContext): Health {
  return pod.metadata.deletionTimestamp === undefined
    ? podHealth(pod, context)
    : { status: "Terminating", reason: "Deleted", message: `pod ${pod.metadata.name} is being stopped` };
}

/** The pods behind a workload, in the order of their names; for a Deployment, those of its newest ReplicaSet are new. */
function podsOf(object: KubeObject, live: LiveState): readonly OwnedPod[] {
  const namespace = object.metadata.namespace ?? "";
  if (object.kind === "Deployment") {
    const sets = live.list("apps", "ReplicaSet", namespace).filter((set) => isOwnedBy(set, object));
    const newest = newestSet(object, sets);
    return sets
      .flatMap((set) => ownedPods(live, namespace, set).map((pod) => ({ pod, isNew: set === newest })))
      .toSorted((a, b) => (a.pod.metadata.name < b.pod.metadata.name ? -1 : 1));
  }
  if (!["ReplicaSet", "StatefulSet", "DaemonSet", "Job"].includes(object.kind)) return [];
  return ownedPods(live, namespace, object).map((pod) => ({ pod, isNew: true }));
}

/** The ReplicaSet of the Deployment's present template; none until its controller has seen that template. */
function newestSet(deployment: KubeObject, sets: readonly KubeObject[]): KubeObject | undefined {
  const { generation = 0, annotations } = deployment.metadata;
  if (numberAt(deployment, 0, "status", "observedGeneration") < generation) return undefined;
  return sets.find((set) => set.metadata.annotations?.[revisionKey] === annotations?.[revisionKey]);
}

function ownedPods(live: LiveState, namespace: string, owner: KubeObject): readonly KubeObject[] {
  return live.list("", "Pod", namespace).filter((pod) => isOwnedBy(pod, owner));
}

function isOwnedBy(object: KubeObject, owner: KubeObject): boolean {
  const references = valueAt(object.metadata, "ownerReferences");
  return Array.isArray(references) && references.some((one: Json) => valueAt(one, "uid") === owner.metadata.uid);
}

function progressOf(pod: KubeObject, isNew: boolean, workload: string, context: HealthContext): PodProgress {
  const health = computePod(pod, context);
  const statuses = valueAt(pod, "status", "containerStatuses");
  const restarts = Array.isArray(statuses)
    ? statuses.reduce((sum: number, status: Json) => sum + numberAt(status, 0, "restartCount"), 0)
    : 0;
  const phase = valueAt(pod, "status", "phase");
  return {
    name: pod.metadata.name,
    workload,
    generation: isNew ? "new" : "old",
    phase:
      pod.metadata.deletionTimestamp === undefined ? (typeof phase === "string" ? phase : "Unknown") : "Terminating",
    ready: health.status === "Current",
    restarts,
    message: health.message,
  };
}
