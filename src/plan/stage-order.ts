import type { Manifest } from "../model/manifest.ts";
import { compareRefs } from "../model/object-ref.ts";
import type { ObjectRef } from "../model/object-ref.ts";
import { stages, waveOf } from "../model/plan.ts";
import type { Stage } from "../model/plan.ts";

const stageOfKind: ReadonlyMap<string, Stage> = new Map<string, Stage>([
  ["/Namespace", "namespaces"],
  ["apiextensions.k8s.io/CustomResourceDefinition", "definitions"],
  ["/ServiceAccount", "configuration"],
  ["/ConfigMap", "configuration"],
  ["/Secret", "configuration"],
  ["/ResourceQuota", "configuration"],
  ["/LimitRange", "configuration"],
  ["/PersistentVolume", "configuration"],
  ["/PersistentVolumeClaim", "configuration"],
  ["storage.k8s.io/StorageClass", "configuration"],
  ["scheduling.k8s.io/PriorityClass", "configuration"],
  ["networking.k8s.io/NetworkPolicy", "configuration"],
  ["rbac.authorization.k8s.io/Role", "configuration"],
  ["rbac.authorization.k8s.io/RoleBinding", "configuration"],
  ["rbac.authorization.k8s.io/ClusterRole", "configuration"],
  ["rbac.authorization.k8s.io/ClusterRoleBinding", "configuration"],
  ["/Service", "services"],
  ["/Pod", "workloads"],
  ["/ReplicationController", "workloads"],
  ["apps/Deployment", "workloads"],
  ["apps/ReplicaSet", "workloads"],
  ["apps/StatefulSet", "workloads"],
  ["apps/DaemonSet", "workloads"],
  ["batch/Job", "workloads"],
  ["batch/CronJob", "workloads"],
]);

/** The stage in which an object is applied (behaviour D4). */
export function stageOf(ref: ObjectRef): Stage {
  return stageOfKind.get(`${ref.group}/${ref.kind}`) ?? "rest";
}

/** The total order of an apply: by stage, then wave, then reference. */
export function compareManifests(left: Manifest, right: Manifest): number {
  return (
    stages.indexOf(stageOf(left.ref)) - stages.indexOf(stageOf(right.ref)) ||
    waveOf(left.object) - waveOf(right.object) ||
    compareRefs(left.ref, right.ref)
  );
}

/** The total order of a prune: what was applied last goes first, so that nothing loses what it needs. */
export function comparePruned(left: ObjectRef, right: ObjectRef): number {
  return stages.indexOf(stageOf(right)) - stages.indexOf(stageOf(left)) || compareRefs(right, left);
}
