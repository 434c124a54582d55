import type { Pod } from "../objects.ts";

/** Whether a pod's Ready condition is true. */
export function isReady(pod: Pod): boolean {
  return readyCondition(pod)?.status === "True";
}

/** When a ready pod became or becomes available, in ms since the epoch; undefined while it is not ready. */
export function availableAtMs(pod: Pod, minReadySeconds: number): number | undefined {
  if (!isReady(pod)) return undefined;
  if (minReadySeconds === 0) return 0;
  return Date.parse(readyCondition(pod)?.lastTransitionTime ?? "") + minReadySeconds * 1000;
}

/** Whether a pod counts as one of its ReplicaSet: neither finished nor on its way out. */
export function isActive(pod: Pod): boolean {
  const phase = pod.status?.phase;
  return phase !== "Succeeded" && phase !== "Failed" && pod.metadata.deletionTimestamp === undefined;
}

/**
 * The `count` pods that may best be spared, in Kubernetes' order: not placed before placed, pending before running, not
 * ready before ready, cheaper before dearer, on crowded nodes first, younger first (by powers of two), restarted first.
 * `related` are all pods of the ReplicaSets with the same owner.
 */
export function podsToDelete(
  candidates: readonly Pod[],
  related: readonly Pod[],
  count: number,
  nowMs: number,
): readonly Pod[] {
  if (count >= candidates.length) return candidates;
  const crowd = new Map<string, number>();
  for (const pod of related.filter(isActive)) {
    const node = pod.spec.nodeName ?? "";
    crowd.set(node, (crowd.get(node) ?? 0) + 1);
  }
  return candidates
    .map((pod) => ({ pod, rank: ranksOf(pod, crowd.get(pod.spec.nodeName ?? "") ?? 0, nowMs) }))
    .toSorted((a, b) => compareRanks(a.rank, b.rank) || compareUids(a.pod, b.pod))
    .slice(0, count)
    .map(({ pod }) => pod);
}

const phases: readonly (string | undefined)[] = ["Pending", "Unknown", "Running"];

function ranksOf(pod: Pod, crowd: number, nowMs: number): readonly number[] {
  const cost = Number(pod.metadata.annotations?.["controller.kubernetes.io/pod-deletion-cost"] ?? 0);
  const restarts = (pod.status?.containerStatuses ?? []).map(({ restartCount }) => restartCount);
  return [
    pod.spec.nodeName ? 1 : 0,
    phases.indexOf(pod.status?.phase),
    isReady(pod) ? 1 : 0,
    Number.isFinite(cost) ? cost : 0,
    -crowd,
    isReady(pod) ? magnitude(readyCondition(pod)?.lastTransitionTime, nowMs) : 0,
    -Math.max(0, ...restarts),
    magnitude(pod.metadata.creationTimestamp, nowMs),
  ];
}

/** The age as a power of two: pods of about the same age are spared by chance, so that no generation goes as a whole. */
function magnitude(time: string | undefined, nowMs: number): number {
  const age = time === undefined ? 0 : (nowMs - Date.parse(time)) * 1e6;
  return age > 0 ? Math.trunc(Math.log2(age)) : -1;
}

function compareRanks(one: readonly number[], other: readonly number[]): number {
  for (const [index, rank] of one.entries()) {
    const difference = rank - (other[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function compareUids(one: Pod, other: Pod): number {
  return (one.metadata.uid ?? "") < (other.metadata.uid ?? "") ? -1 : 1;
}

function readyCondition(pod: Pod): { readonly status: string; readonly lastTransitionTime?: string } | undefined {
  return pod.status?.conditions?.find(({ type }) => type === "Ready");
}
