import type { PodDisruptionBudgetSpec, PodDisruptionBudgetStatus } from "kubernetes-types/policy/v1.js";
import type { KubeObject } from "../../client.ts";
import { timeText, type Pod } from "../objects.ts";
import { isActive, isReady } from "../replicaset/ranking.ts";

/** A PodDisruptionBudget as the API server keeps it. */
export interface DisruptionBudget extends KubeObject {
  spec: PodDisruptionBudgetSpec;
  status?: PodDisruptionBudgetStatus;
}

/** How many of a budget's pods may be evicted now; `scale` is how many its pods' controllers want together. */
export function budgetStatus(
  budget: DisruptionBudget,
  pods: readonly Pod[],
  scale: number,
  nowMs: number,
): PodDisruptionBudgetStatus {
  const { minAvailable, maxUnavailable } = budget.spec;
  const counted = typeof minAvailable === "number" ? pods.length : scale;
  const desiredHealthy =
    maxUnavailable === undefined
      ? scaled(minAvailable ?? 0, counted)
      : Math.max(0, counted - scaled(maxUnavailable, counted));
  const disrupted = budget.status?.disruptedPods ?? {};
  const currentHealthy = pods.filter(
    (pod) => isActive(pod) && isReady(pod) && disrupted[pod.metadata.name ?? ""] === undefined,
  ).length;
  const disruptionsAllowed = counted > 0 ? Math.max(0, currentHealthy - desiredHealthy) : 0;
  const still = new Set(pods.filter(isActive).map(({ metadata }) => metadata.name));
  const left = Object.fromEntries(Object.entries(disrupted).filter(([name]) => still.has(name)));
  return {
    ...(Object.keys(left).length > 0 && { disruptedPods: left }),
    observedGeneration: budget.metadata.generation ?? 0,
    disruptionsAllowed,
    currentHealthy,
    desiredHealthy,
    expectedPods: counted,
    conditions: conditionsOf(budget, disruptionsAllowed > 0, nowMs),
  };
}

function conditionsOf(
  { metadata, status }: DisruptionBudget,
  allowed: boolean,
  nowMs: number,
): NonNullable<PodDisruptionBudgetStatus["conditions"]> {
  const before = (status?.conditions ?? []).find(({ type }) => type === "DisruptionAllowed");
  const value = allowed ? "True" : "False";
  const others = (status?.conditions ?? []).filter((condition) => condition !== before);
  const since = before?.status === value ? before.lastTransitionTime : timeText(nowMs);
  const reason = allowed ? "SufficientPods" : "InsufficientPods";
  const observedGeneration = metadata.generation ?? 0;
  const condition = { type: "DisruptionAllowed", observedGeneration, status: value, lastTransitionTime: since };
  return [...others, { ...condition, reason, message: "" }];
}

/** Percentages round up, for what must be there as for what may be missing. */
function scaled(value: number | string, total: number): number {
  return typeof value === "number" ? value : Math.ceil((Number.parseInt(value, 10) * total) / 100);
}
