import { valueAt } from "../model/json.ts";
import type { Json } from "../model/json.ts";
import type { Health } from "../model/health.ts";
import { condition, current, dead, failed, inProgress, numberAt, textAt } from "./conditions.ts";

/** Progress deadline that stands for none (https://kubernetes.io/docs/concepts/workloads/controllers/deployment/). */
const noDeadline = 2_147_483_647;

/** kstatus's rules for a Deployment, and a refusal to create pods (quota, admission) is final (behaviour R2). */
export function deploymentHealth(object: Json): Health {
  const progressing = condition(object, "Progressing");
  if (progressing?.reason === "ProgressDeadlineExceeded") {
    return dead("ProgressDeadlineExceeded", progressing.message || "its progress deadline has passed");
  }
  const refusal = condition(object, "ReplicaFailure");
  if (refusal?.status === "True") {
    const message = `its pods cannot be created: ${refusal.message}`;
    return /forbidden|invalid/i.test(refusal.message)
      ? dead("ReplicaFailure", message)
      : inProgress("ReplicaFailure", message);
  }
  const wanted = numberAt(object, 1, "spec", "replicas");
  const replicas = numberAt(object, 0, "status", "replicas");
  const updated = numberAt(object, 0, "status", "updatedReplicas");
  const ready = numberAt(object, 0, "status", "readyReplicas");
  const available = numberAt(object, 0, "status", "availableReplicas");
  if (wanted > replicas) return inProgress("LessReplicas", `${replicas} of ${wanted} pods are there`);
  if (wanted > updated) return inProgress("LessUpdated", `${updated} of ${wanted} pods are updated`);
  if (replicas > wanted) return inProgress("ExtraPods", `${replicas - wanted} old pods are still there`);
  if (updated > available) return inProgress("LessAvailable", `${available} of ${updated} pods are available`);
  if (wanted > ready) return inProgress("LessReady", `${ready} of ${wanted} pods are ready`);
  const hasDeadline = numberAt(object, noDeadline, "spec", "progressDeadlineSeconds") !== noDeadline;
  if (hasDeadline && !(progressing?.status === "True" && progressing.reason === "NewReplicaSetAvailable")) {
    return inProgress("ReplicaSetNotAvailable", "its new ReplicaSet is not available yet");
  }
  if (condition(object, "Available")?.status !== "True") {
    return inProgress("DeploymentNotAvailable", "it is not available yet");
  }
  return current("DeploymentAvailable", `all ${wanted} pods are updated and available`);
}

/** kstatus's rules for a ReplicaSet. */
export function replicaSetHealth(object: Json): Health {
  if (condition(object, "ReplicaFailure")?.status === "True") {
    return inProgress("ReplicaFailure", `its pods cannot be created: ${condition(object, "ReplicaFailure")?.message}`);
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
  if (count("replicas") > wanted) return inProgress("ExtraPods", `${count("replicas") - wanted} pods too many`);
  return current("ReplicaSetAvailable", `all ${wanted} pods are available`);
}

/** kstatus's rules for a StatefulSet. */
export function statefulSetHealth(object: Json): Health {
  if (textAt(object, "spec", "updateStrategy", "type") === "OnDelete") {
    return current("OnDelete", "pods are updated when they are deleted");
  }
  const wanted = numberAt(object, 1, "spec", "replicas");
  const count = (field: string): number => numberAt(object, 0, "status", field);
  if (wanted > count("replicas")) return inProgress("LessReplicas", `${count("replicas")} of ${wanted} pods are there`);
  if (wanted > count("readyReplicas")) {
    return inProgress("LessReady", `${count("readyReplicas")} of ${wanted} pods are ready`);
  }
  if (count("replicas") > wanted) return inProgress("ExtraPods", `${count("replicas") - wanted} pods too many`);
  const partition = numberAt(object, 0, "spec", "updateStrategy", "rollingUpdate", "partition");
  if (partition > 0) {
    const due = wanted - partition;
    if (count("updatedReplicas") < due) {
      return inProgress("PartitionRollout", `${count("updatedReplicas")} of ${due} pods are updated`);
    }
    return current("PartitionRolloutComplete", `${count("updatedReplicas")} pods are updated, the rest is held back`);
  }
  if (wanted > count("currentReplicas")) {
    return inProgress("LessCurrent", `${count("currentReplicas")} of ${wanted} pods are of the new revision`);
  }
  if (textAt(object, "status", "currentRevision") !== textAt(object, "status", "updateRevision")) {
    return inProgress("RevisionMismatch", `waiting for revision ${textAt(object, "status", "updateRevision")}`);
  }
  return current("AllReplicasScheduled", `all ${wanted} pods are of the new revision and ready`);
}

/** kstatus's rules for a DaemonSet. */
export function daemonSetHealth(object: Json): Health {
  if (valueAt(object, "status", "observedGeneration") === undefined) {
    return inProgress("NoObservedGeneration", "its controller has not looked at it yet");
  }
  if (valueAt(object, "status", "desiredNumberScheduled") === undefined) {
    return inProgress("NoDesiredNumber", "it does not say yet how many pods it wants");
  }
  const count = (field: string): number => numberAt(object, 0, "status", field);
  const wanted = count("desiredNumberScheduled");
  const short = (reason: string, field: string, words: string): Health | undefined =>
    wanted > count(field) ? inProgress(reason, `${count(field)} of ${wanted} pods ${words}`) : undefined;
  return (
    short("LessCurrent", "currentNumberScheduled", "are there") ??
    short("LessUpdated", "updatedNumberScheduled", "are updated") ??
    short("LessAvailable", "numberAvailable", "are available") ??
    short("LessReady", "numberReady", "are ready") ??
    current("AllReplicasScheduled", `all ${wanted} pods are ready`)
  );
}

/** A Job is healthy when it is done (stricter than kstatus, as Flux's reader): a running one is on its way. */
export function jobHealth(object: Json): Health {
  const complete = condition(object, "Complete");
  if (complete?.status === "True") return current("JobComplete", "it completed");
  const failure = condition(object, "Failed");
  if (failure?.status === "True") {
    return dead("JobFailed", `it failed${failure.message ? `: ${failure.message}` : ""}`);
  }
  const target = condition(object, "FailureTarget");
  if (target?.status === "True") return failed("JobFailing", `it is failing: ${target.message}`);
  const suspended = condition(object, "Suspended")?.status !== "False";
  if (suspended && valueAt(object, "spec", "suspend") === true) return current("JobSuspended", "it is suspended");
  if (textAt(object, "status", "startTime") === "") return inProgress("JobNotStarted", "it has not started yet");
  const active = numberAt(object, 0, "status", "active");
  const done = numberAt(object, 0, "status", "succeeded");
  return inProgress("JobRunning", `it runs: ${active} active, ${done} succeeded`);
}
