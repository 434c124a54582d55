import type { DeploymentStatus } from "kubernetes-types/apps/v1.js";
import { timeText, type Condition, type Deployment, type ReplicaSet } from "../objects.ts";
import { desiredReplicas, maxUnavailable } from "./fenceposts.ts";
import { totalAvailable, totalSize } from "./rollout.ts";

/** No deadline, as Kubernetes writes it. */
const never = 2_147_483_647;

/** What is known when a status is computed. */
export interface Observed {
  readonly deployment: Deployment;
  /** Undefined where no ReplicaSet has the Deployment's template yet. */
  readonly newest: ReplicaSet | undefined;
  readonly old: readonly ReplicaSet[];
  readonly nowMs: number;
}

/** The seconds within which a rollout must make progress, if there is a limit. */
export function progressDeadline(deployment: Deployment): number | undefined {
  const seconds = deployment.spec.progressDeadlineSeconds;
  return seconds === undefined || seconds === never ? undefined : seconds;
}

/** The condition of a type. */
export function conditionOf(status: DeploymentStatus | undefined, type: string): Condition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

/** A condition that became so now. */
export function newCondition(
  type: string,
  status: "True" | "False" | "Unknown",
  reason: string,
  message: string,
  nowMs: number,
): Condition {
  const time = timeText(nowMs);
  return { type, status, lastUpdateTime: time, lastTransitionTime: time, reason, message };
}

/** Sets a condition: unchanged where status and reason are the same, with the old transition time where the status is. */
export function withCondition(status: DeploymentStatus, condition: Condition): DeploymentStatus {
  const before = conditionOf(status, condition.type);
  if (before?.status === condition.status && before.reason === condition.reason) return status;
  const since = before?.status === condition.status ? before.lastTransitionTime : undefined;
  const next = since === undefined ? condition : { ...condition, lastTransitionTime: since };
  const others = withoutCondition(status, condition.type).conditions ?? [];
  return { ...status, conditions: [...others, next] };
}

/** Takes a condition out. */
export function withoutCondition(status: DeploymentStatus, type: string): DeploymentStatus {
  return { ...status, conditions: (status.conditions ?? []).filter((condition) => condition.type !== type) };
}

/** Counts and availability as the ReplicaSets say; other conditions stay. Zero counts are left out, as in Go. */
export function countedStatus({ deployment, newest, old, nowMs }: Observed): DeploymentStatus {
  const all = newest ? [...old, newest] : old;
  const available = totalAvailable(all);
  const count = (of: (status: NonNullable<ReplicaSet["status"]>) => number | undefined, sets = all): number =>
    sets.reduce((sum, { status }) => sum + ((status && of(status)) ?? 0), 0);
  const collisions = deployment.status?.collisionCount;
  const status: DeploymentStatus = {
    observedGeneration: deployment.metadata.generation ?? 0,
    ...positive(
      "replicas",
      count((status) => status.replicas),
    ),
    ...positive("updatedReplicas", newest ? count((status) => status.replicas, [newest]) : 0),
    ...positive(
      "readyReplicas",
      count((status) => status.readyReplicas),
    ),
    ...positive("availableReplicas", available),
    ...positive("unavailableReplicas", Math.max(0, totalSize(all) - available)),
    ...(collisions !== undefined && { collisionCount: collisions }),
    conditions: deployment.status?.conditions ?? [],
  };
  const enough = available >= desiredReplicas(deployment) - maxUnavailable(deployment);
  return withCondition(
    status,
    enough
      ? newCondition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.", nowMs)
      : newCondition(
          "Available",
          "False",
          "MinimumReplicasUnavailable",
          "Deployment does not have minimum availability.",
          nowMs,
        ),
  );
}

/** The status during a rollout: counts, whether it progresses, and failures of the ReplicaSets. */
export function rolloutStatus(observed: Observed): DeploymentStatus {
  const status = withFailures(withProgress(countedStatus(observed), observed), observed);
  return status;
}

function withProgress(status: DeploymentStatus, { deployment, newest, nowMs }: Observed): DeploymentStatus {
  if (progressDeadline(deployment) === undefined) return withoutCondition(status, "Progressing");
  const current = conditionOf(deployment.status, "Progressing");
  const settled =
    (status.replicas ?? 0) === (status.updatedReplicas ?? 0) && current?.reason === "NewReplicaSetAvailable";
  if (settled) return status;
  const subject = newest
    ? `ReplicaSet "${newest.metadata.name ?? ""}"`
    : `Deployment "${deployment.metadata.name ?? ""}"`;
  if (isComplete(deployment, status)) {
    const message = `${subject} has successfully progressed.`;
    return withCondition(status, newCondition("Progressing", "True", "NewReplicaSetAvailable", message, nowMs));
  }
  if (madeProgress(deployment.status ?? {}, status)) {
    const message = `${subject} is progressing.`;
    const condition = newCondition("Progressing", "True", "ReplicaSetUpdated", message, nowMs);
    // Unlike other conditions this one is renewed with the same reason: its update time is when progress was last seen.
    const since = current?.status === "True" ? current.lastTransitionTime : undefined;
    const renewed = since === undefined ? condition : { ...condition, lastTransitionTime: since };
    return withCondition(withoutCondition(status, "Progressing"), renewed);
  }
  if (hasTimedOut(deployment, status, nowMs)) {
    const message = `${subject} has timed out progressing.`;
    return withCondition(status, newCondition("Progressing", "False", "ProgressDeadlineExceeded", message, nowMs));
  }
  return status;
}

/** Whether every wanted pod is new, available, and nothing else is left. */
export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const desired = desiredReplicas(deployment);
  return (
    (status.updatedReplicas ?? 0) === desired &&
    (status.replicas ?? 0) === desired &&
    (status.availableReplicas ?? 0) === desired &&
    (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  );
}

function madeProgress(before: DeploymentStatus, now: DeploymentStatus): boolean {
  const old = (status: DeploymentStatus): number => (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  return (
    (now.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(now) < old(before) ||
    (now.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (now.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

function hasTimedOut(deployment: Deployment, status: DeploymentStatus, nowMs: number): boolean {
  const condition = conditionOf(status, "Progressing");
  const seconds = progressDeadline(deployment);
  if (!condition || seconds === undefined || condition.reason === "NewReplicaSetAvailable") return false;
  if (condition.reason === "ProgressDeadlineExceeded") return true;
  return Date.parse(condition.lastUpdateTime ?? "") + seconds * 1000 < nowMs;
}

/** When an unfinished rollout must be looked at again, in ms since the epoch, if at all. */
export function nextDeadlineMs(deployment: Deployment, status: DeploymentStatus): number | undefined {
  const condition = conditionOf(status, "Progressing");
  const seconds = progressDeadline(deployment);
  if (!condition || seconds === undefined || isComplete(deployment, status)) return undefined;
  // What failed has no further deadline, and what once was complete does not fail by one any more.
  if (["ProgressDeadlineExceeded", "NewReplicaSetAvailable"].includes(condition.reason ?? "")) return undefined;
  // Condition times are whole seconds, so a second more makes sure that the deadline has passed.
  return Date.parse(condition.lastUpdateTime ?? "") + seconds * 1000 + 1000;
}

function withFailures(status: DeploymentStatus, { newest, old, nowMs }: Observed): DeploymentStatus {
  const failure = [...(newest ? [newest] : []), ...old]
    .flatMap((replicaSet) => replicaSet.status?.conditions ?? [])
    .find((condition) => condition.type === "ReplicaFailure");
  if (!failure) return withoutCondition(status, "ReplicaFailure");
  const time = failure.lastTransitionTime ?? timeText(nowMs);
  return withCondition(status, {
    type: "ReplicaFailure",
    status: failure.status,
    lastUpdateTime: time,
    lastTransitionTime: time,
    reason: failure.reason ?? "",
    message: failure.message ?? "",
  });
}

function positive(name: string, count: number): Readonly<Record<string, number>> {
  return count > 0 ? { [name]: count } : {};
}
