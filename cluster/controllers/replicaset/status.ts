import type { ReplicaSetCondition, ReplicaSetStatus } from "kubernetes-types/apps/v1.js";
import { timeText, type Pod, type ReplicaSet } from "../objects.ts";
import { matchesLabels } from "../selector.ts";
import { availableAtMs, isReady } from "./ranking.ts";

/** The status that a ReplicaSet's active pods give it; `failure` is why pods could not be created or deleted. */
export function replicaSetStatus(
  replicaSet: ReplicaSet,
  pods: readonly Pod[],
  failure: Error | undefined,
  nowMs: number,
): ReplicaSetStatus {
  const minReadySeconds = replicaSet.spec.minReadySeconds ?? 0;
  const templateLabels = replicaSet.spec.template?.metadata?.labels;
  const count = (fits: (pod: Pod) => boolean): number => pods.filter(fits).length;
  const available = count((pod) => (availableAtMs(pod, minReadySeconds) ?? Number.POSITIVE_INFINITY) <= nowMs);
  const conditions = conditionsOf(replicaSet, pods.length, failure, nowMs);
  return {
    replicas: pods.length,
    ...positive(
      "fullyLabeledReplicas",
      count((pod) => matchesLabels(templateLabels, pod.metadata.labels)),
    ),
    ...positive("readyReplicas", count(isReady)),
    ...positive("availableReplicas", available),
    observedGeneration: replicaSet.metadata.generation ?? 0,
    ...(conditions.length > 0 && { conditions }),
  };
}

/** When the next ready pod becomes available, in ms since the epoch, if one is waiting for that. */
export function nextAvailableMs(replicaSet: ReplicaSet, pods: readonly Pod[], nowMs: number): number | undefined {
  const minReadySeconds = replicaSet.spec.minReadySeconds ?? 0;
  const times = pods
    .map((pod) => availableAtMs(pod, minReadySeconds))
    .filter((at) => at !== undefined)
    .filter((at) => at > nowMs);
  return times.length > 0 ? Math.min(...times) : undefined;
}

function conditionsOf(
  replicaSet: ReplicaSet,
  count: number,
  failure: Error | undefined,
  nowMs: number,
): ReplicaSetCondition[] {
  const before = replicaSet.status?.conditions ?? [];
  const others = before.filter(({ type }) => type !== "ReplicaFailure");
  if (!failure) return others;
  if (others.length < before.length) return before;
  const condition = {
    type: "ReplicaFailure",
    status: "True",
    lastTransitionTime: timeText(nowMs),
    reason: count < (replicaSet.spec.replicas ?? 1) ? "FailedCreate" : "FailedDelete",
    message: failure.message,
  };
  return [...others, condition];
}

function positive(name: string, count: number): Readonly<Record<string, number>> {
  return count > 0 ? { [name]: count } : {};
}
