import type { DeploymentCondition } from "kubernetes-types/apps/v1.js";
import { timeText } from "../../clock.ts";
import { conditionOf } from "../conditions.ts";
import { counts, type Deployment } from "../objects.ts";
import type { Fleet } from "./newest.ts";
import { fenceposts, sizeOf, total } from "./sizes.ts";

type Status = NonNullable<Deployment["status"]>;

/** What a condition says. */
export type Said = readonly [type: string, status: "True" | "False" | "Unknown", reason: string, message: string];

/** No deadline, as Kubernetes writes it. */
const never = 2_147_483_647;

/** Whether a rollout must make progress within some time; without, the Progressing condition is not kept. */
export function hasDeadline({ spec }: Deployment): boolean {
  return (spec.progressDeadlineSeconds ?? never) !== never;
}

/** Sets what a condition says, as of now; `renew` also where it says the same already. */
export function withCondition(
  status: Status,
  [type, value, reason, message]: Said,
  nowMs: number,
  renew = false,
): Status {
  const time = timeText(nowMs);
  return put(status, { type, status: value, lastUpdateTime: time, lastTransitionTime: time, reason, message }, renew);
}

/** Puts a condition last; nothing changes where status and reason are the same and it need not be renewed. */
function put(status: Status, next: DeploymentCondition, renew = false): Status {
  const before = conditionOf(status.conditions, next.type);
  if (!renew && before?.status === next.status && before.reason === next.reason) return status;
  const { lastTransitionTime: since } = before?.status === next.status ? before : next;
  const others = without(status, next.type);
  return {
    ...others,
    conditions: [...(others.conditions ?? []), { ...next, ...(since && { lastTransitionTime: since }) }],
  };
}

function without(status: Status, type: string): Status {
  return { ...status, conditions: (status.conditions ?? []).filter((condition) => condition.type !== type) };
}

/** Counts and availability as the ReplicaSets say; other conditions stay. */
export function countedStatus({ deployment, newest, old }: Fleet, nowMs: number): Status {
  const { metadata, status = {} } = deployment;
  const all = newest ? [...old, newest] : old;
  const available = total(all, ({ status }) => status?.availableReplicas);
  const counted = {
    observedGeneration: metadata.generation ?? 0,
    ...counts({
      replicas: total(all, ({ status }) => status?.replicas),
      updatedReplicas: newest?.status?.replicas ?? 0,
      readyReplicas: total(all, ({ status }) => status?.readyReplicas),
      availableReplicas: available,
      unavailableReplicas: total(all, sizeOf) - available,
    }),
    ...(status.collisionCount !== undefined && { collisionCount: status.collisionCount }),
    conditions: status.conditions ?? [],
  };
  const isEnough = available >= sizeOf(deployment) - fenceposts(deployment).unavailable;
  const said: Said = isEnough
    ? ["Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability."]
    : ["Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability."];
  return withCondition(counted, said, nowMs);
}

/** The status during a rollout: counts, whether it progresses, and failures of the ReplicaSets. */
export function rolloutStatus(fleet: Fleet, nowMs: number): Status {
  const { newest, old } = fleet;
  const status = withProgress(countedStatus(fleet, nowMs), fleet, nowMs);
  const failure = [...(newest ? [newest] : []), ...old]
    .map((replicaSet) => conditionOf(replicaSet.status?.conditions, "ReplicaFailure"))
    .find((condition) => condition !== undefined);
  if (!failure) return without(status, "ReplicaFailure");
  return put(status, { ...failure, lastUpdateTime: failure.lastTransitionTime ?? timeText(nowMs) });
}

function withProgress(status: Status, { deployment, newest }: Fleet, nowMs: number): Status {
  if (!hasDeadline(deployment)) return without(status, "Progressing");
  const current = conditionOf(deployment.status?.conditions, "Progressing");
  const isRolledOut = (status.replicas ?? 0) === (status.updatedReplicas ?? 0);
  if (isRolledOut && current?.reason === "NewReplicaSetAvailable") return status;
  const { kind, metadata } = newest ?? deployment;
  const say = (value: "True" | "False", reason: string, what: string): Said =>
    ["Progressing", value, reason, `${kind} "${metadata.name ?? ""}" ${what}`] as const;
  if (isComplete(deployment, status)) {
    return withCondition(status, say("True", "NewReplicaSetAvailable", "has successfully progressed."), nowMs);
  }
  if (madeProgress(deployment.status ?? {}, status)) {
    // Unlike other conditions this one is renewed with the same reason: its update time is when progress was last seen.
    return withCondition(status, say("True", "ReplicaSetUpdated", "is progressing."), nowMs, true);
  }
  if (deadlineMs(deployment, status) >= nowMs) return status;
  return withCondition(status, say("False", "ProgressDeadlineExceeded", "has timed out progressing."), nowMs);
}

/** Whether every wanted pod is new, available, and nothing else is left. */
export function isComplete(deployment: Deployment, status: Status): boolean {
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0, observedGeneration = 0 } = status;
  const size = sizeOf(deployment);
  return (
    [updatedReplicas, replicas, availableReplicas].every((count) => count === size) &&
    observedGeneration >= (deployment.metadata.generation ?? 0)
  );
}

function madeProgress(before: Status, now: Status): boolean {
  const { updatedReplicas = 0, readyReplicas = 0, availableReplicas = 0 } = before;
  const old = ({ replicas = 0, updatedReplicas = 0 }: Status): number => replicas - updatedReplicas;
  return (
    (now.updatedReplicas ?? 0) > updatedReplicas ||
    old(now) < old(before) ||
    (now.readyReplicas ?? 0) > readyReplicas ||
    (now.availableReplicas ?? 0) > availableReplicas
  );
}

/**
 * When an unfinished rollout runs out of time, in ms since the epoch: never without a deadline, nor where it has once
 * been complete; at once where that is already said.
 */
function deadlineMs({ spec }: Deployment, status: Status): number {
  const condition = conditionOf(status.conditions, "Progressing");
  if (!condition || condition.reason === "NewReplicaSetAvailable") return Number.POSITIVE_INFINITY;
  if (condition.reason === "ProgressDeadlineExceeded") return 0;
  return Date.parse(condition.lastUpdateTime ?? "") + (spec.progressDeadlineSeconds ?? never) * 1000;
}

/** When an unfinished rollout must be looked at again, in ms since the epoch, if at all. */
export function nextLookMs(deployment: Deployment, status: Status): number | undefined {
  const deadline = deadlineMs(deployment, status);
  if (!hasDeadline(deployment) || isComplete(deployment, status) || !Number.isFinite(deadline)) return undefined;
  // Condition times are whole seconds, so a second more makes sure that the deadline has passed.
  return deadline > 0 ? deadline + 1000 : undefined;
}
