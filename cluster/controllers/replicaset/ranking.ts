import { groupBy, type Pod } from "../objects.ts";
import { isActive, isReady, readyCondition } from "../pod-control.ts";

const phases: readonly (string | undefined)[] = ["Pending", "Unknown", "Running"];

/**
 * The `count` pods that may best be spared, in Kubernetes' order: not placed before placed, pending before running, not
 * ready before ready, cheaper before dearer, on crowded nodes first, younger first (by powers of two), restarted first.
 * `related` are all pods of the owners that belong together, by which nodes are crowded.
 */
export function podsToDelete(
  candidates: readonly Pod[],
  related: readonly Pod[],
  count: number,
  nowMs: number,
): readonly Pod[] {
  const crowd = groupBy(related.filter(isActive), ({ spec }) => spec.nodeName ?? "");
  return candidates
    .map((pod) => ({ pod, ranks: ranksOf(pod, crowd.get(pod.spec.nodeName ?? "")?.length ?? 0, nowMs) }))
    .toSorted((a, b) => compare(a.ranks, b.ranks) || ((a.pod.metadata.uid ?? "") < (b.pod.metadata.uid ?? "") ? -1 : 1))
    .slice(0, count)
    .map(({ pod }) => pod);
}

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

function compare(one: readonly number[], other: readonly number[]): number {
  const decisive = one.findIndex((rank, index) => rank !== other[index]);
  return decisive < 0 ? 0 : (one[decisive] ?? 0) - (other[decisive] ?? 0);
}
