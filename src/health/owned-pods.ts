import { valueAt } from "../model/json.ts";
import { groupOf } from "../model/object-ref.ts";
import type { ObjectRef } from "../model/object-ref.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { listAt, numberAt, textAt } from "./conditions.ts";

/** Where the watches' newest state is read. */
export interface LiveState {
  get(ref: ObjectRef): KubeObject | undefined;
  /** Every object of a kind in a namespace. */
  list(group: string, kind: string, namespace: string): readonly KubeObject[];
  /** Whether objects of a kind can have a status; undefined where it is not known. */
  hasStatus?(group: string, kind: string): boolean | undefined;
}

/** A pod behind a workload; `isNew` only when it is known to be of the workload's present template. */
export interface OwnedPod {
  readonly pod: KubeObject;
  readonly isNew: boolean;
}

/** The pods behind a workload in the order of their names, and the ReplicaSet of a Deployment's present template. */
export interface Owned {
  readonly pods: readonly OwnedPod[];
  readonly newest?: KubeObject;
}

/** Annotation of a Deployment and its ReplicaSets that counts rollouts. */
const revisionKey = "deployment.kubernetes.io/revision";
/** The same count of a DaemonSet, and the label with it on its pods. */
const daemonSetKey = "deprecated.daemonset.template.generation";
const daemonPodKey = "pod-template-generation";

/** What a workload owns, as far as the watches tell; nothing for kinds that own no pods. */
export function ownedBy(object: KubeObject, live: LiveState): Owned {
  const namespace = object.metadata.namespace ?? "";
  const pods = (owner: KubeObject, isNew: (pod: KubeObject) => boolean): readonly OwnedPod[] =>
    live
      .list("", "Pod", namespace)
      .filter((pod) => isOwnedBy(pod, owner))
      .map((pod) => ({ pod, isNew: isNew(pod) }));
  switch (`${groupOf(object.apiVersion)}/${object.kind}`) {
    case "apps/Deployment": {
      const sets = live.list("apps", "ReplicaSet", namespace).filter((set) => isOwnedBy(set, object));
      const newest = newestSet(object, sets);
      const owned = byName(sets.flatMap((set) => pods(set, () => set === newest)));
      return { pods: owned, ...(newest ? { newest } : {}) };
    }
    case "apps/StatefulSet": {
      const revision = isSeen(object) ? textAt(object, "status", "updateRevision") : "";
      const isNew = (pod: KubeObject): boolean => pod.metadata.labels?.["controller-revision-hash"] === revision;
      return { pods: byName(pods(object, isNew)) };
    }
    case "apps/DaemonSet": {
      const count = isSeen(object) ? object.metadata.annotations?.[daemonSetKey] : undefined;
      const isNew = (pod: KubeObject): boolean => count !== undefined && pod.metadata.labels?.[daemonPodKey] === count;
      return { pods: byName(pods(object, isNew)) };
    }
    case "apps/ReplicaSet":
    case "batch/Job":
      return { pods: byName(pods(object, () => true)) };
    default:
      return { pods: [] };
  }
}

/** The ReplicaSet of the Deployment's present template; none until its controller has seen that template. */
function newestSet(deployment: KubeObject, sets: readonly KubeObject[]): KubeObject | undefined {
  const revision = deployment.metadata.annotations?.[revisionKey];
  if (revision === undefined || !isSeen(deployment)) return undefined;
  // While it is paused its controller sees a new template without making a ReplicaSet for it.
  const untouched = numberAt(deployment, 0, "status", "updatedReplicas") === 0;
  if (valueAt(deployment, "spec", "paused") === true && untouched) return undefined;
  return sets
    .filter((set) => set.metadata.annotations?.[revisionKey] === revision)
    .toSorted((a, b) => compare(a.metadata.name, b.metadata.name))[0];
}

function isSeen(workload: KubeObject): boolean {
  return numberAt(workload, -1, "status", "observedGeneration") >= numberAt(workload, 0, "metadata", "generation");
}

function isOwnedBy(object: KubeObject, owner: KubeObject): boolean {
  const { uid } = owner.metadata;
  return uid !== undefined && listAt(object, "metadata", "ownerReferences").some((one) => valueAt(one, "uid") === uid);
}

function byName(pods: readonly OwnedPod[]): readonly OwnedPod[] {
  return pods.toSorted((a, b) => compare(a.pod.metadata.name, b.pod.metadata.name));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
