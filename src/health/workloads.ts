import { valueAt } from "../model/json.ts";
import type { Json } from "../model/json.ts";
import type { Health } from "../model/health.ts";
import { because, condition, current, dead, inProgress, numberAt, textAt } from "./conditions.ts";

/** Progress deadline that stands for none (https://kubernetes.io/docs/concepts/workloads/controllers/deployment/). */
const noDeadline = 2_147_483_647;

/** Controllers of workloads always say which generation they have seen: without that, the status says nothing (R1). */
function unobserved(object: Json): Health | undefined {
  return valueAt(object, "status", "observedGeneration") === undefined
    ? inProgress("NoObservedGeneration", "its controller has not looked at it yet")
    : undefined;
}

/** kstatus's rules for a Deployment. */
export function deploymentHealth(object: Json): Health {
  const progressing = condition(object, "Progressing");
  if (progressing?.reason === "ProgressDeadlineExceeded") {
    return dead("ProgressDeadlineExceeded", progressing.message || "its progress deadline has passed");
  }
  const refusal = condition(object, "ReplicaFailure");
  if (refusal?.status === "True") {
    return inProgress("ReplicaFailure", `its pods cannot be created${because(refusal.message)}`);
  }
  const wanted = numberAt(object, 1, "spec", "replicas");
  const replicas = numberAt(object, 0, "status", "replicas");
  const updated = numberAt(object, 0, "status", "updatedReplicas");
  const ready = numberAt(object, 0, "status", "readyReplicas");
  const available = numberAt(object, 0, "status", "availableReplicas");
  const rest = valueAt(object, "spec", "paused") === true ? "; it is paused" : "";
  if (wanted > replicas) return inProgress("LessReplicas", `${replicas} of ${wanted} pods are there${rest}`);
  if (wanted > updated) return inProgress("LessUpdated", `${updated} of ${wanted} pods are updated${rest}`);
  if (replicas > wanted) return inProgress("ExtraPods", `${tooMany(replicas - wanted)} still there${rest}`);
  if (updated > available) return inProgress("LessAvailable", `${available} of ${updated} pods are available`);
  if (wanted > ready) return inProgress("LessReady", `${ready} of ${wanted} pods are ready`);
  const hasDeadline = numberAt(object, noDeadline, "spec", "progressDeadlineSeconds") !== noDeadline;
  if (hasDeadline && !(progressing?.status === "True" && progressing.reason === "NewReplicaSetAvailable")) {
    return inProgress("ReplicaSetNotAvailable", `its new ReplicaSet is not available yet${rest}`);
  }
  if (condition(object, "Available")?.status !== "True") {
    return inProgress("DeploymentNotAvailable", "it is not available yet");
  }
  return unobserved(object) ?? current("DeploymentAvailable", `all ${wanted} pods are updated and available`);
}

/** kstatus's rules for a ReplicaSet, and for the ReplicationController before it. */
export function replicaSetHealth(object: Json): Health {
  const refusal = condition(object, "ReplicaFailure");
  if (refusal?.status === "True") {
    return inProgress("ReplicaFailure", `its pods cannot be created${because(refusal.message)}`);
  }
  const wanted = numberAt(object, 1, "spec", "replicas");
  const count = (field: string): number => numberAt(object, 0, "status", field);
  if (wanted > count("fullyLabeledReplicas")) {
    return inProgress("LessLabelled", `${count("fullyLabeledReplicas")} of ${wanted} pods carry its labels`);
  }
  if (wanted > count("availableReplicas")) {
    return inProgress("LessAvailable", `${count("availableReplicas")} of ${wanted} pods are available`);
  }
  if (wanted > count("readyReplicas")) {
    return inProgress("LessReady", `${count("readyReplicas")} of ${wanted} pods are ready`);
  }
  if (count("replicas") > wanted) return inProgress("ExtraPods", `${tooMany(count("replicas") - wanted)} there`);
  return unobserved(object) ?? current("ReplicaSetAvailable", `all ${wanted} pods are available`);
}

/** kstatus's rules for a StatefulSet; with OnDelete its pods must be ready too, as Argo CD has it. */
export function statefulSetHealth(object: Json): Health {
  const wanted = numberAt(object, 1, "spec", "replicas");
  const count = (field: string): number => numberAt(object, 0, "status", field);
  if (wanted > count("replicas")) return inProgress("LessReplicas", `${count("replicas")} of ${wanted} pods are there`);
  if (wanted > count("readyReplicas")) {
    return inProgress("LessReady", `${count("readyReplicas")} of ${wanted} pods are ready`);
  }
  if (count("replicas") > wanted) return inProgress("ExtraPods", `${tooMany(count("replicas") - wanted)} there`);
  if (textAt(object, "spec", "updateStrategy", "type") === "OnDelete") {
    return (
      unobserved(object) ?? current("OnDelete", `all ${wanted} pods are ready; they are updated when they are deleted`)
    );
  }
  const partition = numberAt(object, 0, "spec", "updateStrategy", "rollingUpdate", "partition");
  if (partition > 0) {
    const due = wanted - partition;
    if (count("updatedReplicas") < due) {
      return inProgress("PartitionRollout", `${count("updatedReplicas")} of ${due} pods are updated`);
    }
    return (
      unobserved(object) ??
      current("PartitionRolloutComplete", `${count("updatedReplicas")} pods are updated, the rest is held back`)
    );
  }
  if (wanted > count("currentReplicas")) {
    return inProgress("LessCurrent", `${count("currentReplicas")} of ${wanted} pods are of the new revision`);
  }
  if (textAt(object, "status", "currentRevision") !== textAt(object, "status", "updateRevision")) {
    return inProgress("RevisionMismatch", `waiting for revision ${textAt(object, "status", "updateRevision")}`);
  }
  return unobserved(object) ?? current("AllReplicasScheduled", `all ${wanted} pods are of the new revision and ready`);
}

/** kstatus's rules for a DaemonSet; with OnDelete its pods may be of any revision, as Argo CD has it. */
export function daemonSetHealth(object: Json): Health {
  const unseen = unobserved(object);
  if (unseen) return unseen;
  if (valueAt(object, "status", "desiredNumberScheduled") === undefined) {
    return inProgress("NoDesiredNumber", "it does not say yet how many pods it wants");
  }
  const count = (field: string): number => numberAt(object, 0, "status", field);
  const wanted = count("desiredNumberScheduled");
  const short = (reason: string, field: string, words: string): Health | undefined =>
    wanted > count(field) ? inProgress(reason, `${count(field)} of ${wanted} pods ${words}`) : undefined;
  const onDelete = textAt(object, "spec", "updateStrategy", "type") === "OnDelete";
  const all = wanted === 0 ? "no node is to run it" : `all ${wanted} pods are ready`;
  return (
    short("LessCurrent", "currentNumberScheduled", "are there") ??
    (onDelete ? undefined : short("LessUpdated", "updatedNumberScheduled", "are updated")) ??
    short("LessAvailable", "numberAvailable", "are available") ??
    short("LessReady", "numberReady", "are ready") ??
    current("AllReplicasScheduled", all)
  );
}

function tooMany(count: number): string {
  return count === 1 ? "1 pod too many is" : `${count} pods too many are`;
}
