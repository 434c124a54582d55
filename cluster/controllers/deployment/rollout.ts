import type { Deployment, ReplicaSet } from "../objects.ts";
import { desiredThen, maxThen } from "./annotations.ts";
import { desiredReplicas, isRollingUpdate, maxSurge, maxUnavailable } from "./fenceposts.ts";

/** One ReplicaSet's next size. */
export interface Scaling {
  readonly replicaSet: ReplicaSet;
  readonly to: number;
}

/** A ReplicaSet's wanted size. */
export function sizeOf(replicaSet: ReplicaSet): number {
  return replicaSet.spec.replicas ?? 1;
}

/** The sum of the wanted sizes. */
export function totalSize(replicaSets: readonly ReplicaSet[]): number {
  return replicaSets.reduce((sum, replicaSet) => sum + sizeOf(replicaSet), 0);
}

/** The sum of the available pods, as the ReplicaSets' statuses say. */
export function totalAvailable(replicaSets: readonly ReplicaSet[]): number {
  return replicaSets.reduce((sum, { status }) => sum + (status?.availableReplicas ?? 0), 0);
}

/** Those that are to have pods. */
export function activeOnes(replicaSets: readonly ReplicaSet[]): readonly ReplicaSet[] {
  return replicaSets.filter((replicaSet) => sizeOf(replicaSet) > 0);
}

/**
 * The size that the newest ReplicaSet may have now: as large as the surge allows beside the `others`. Pods that another
 * one has yet to give up count as well, so that not even for a moment there are more than allowed.
 */
export function newestSize(deployment: Deployment, size: number, others: readonly ReplicaSet[]): number {
  const desired = desiredReplicas(deployment);
  if (size > desired || !isRollingUpdate(deployment)) return desired;
  const taken = others.reduce((sum, other) => sum + Math.max(sizeOf(other), other.status?.replicas ?? 0), 0);
  const room = desired + maxSurge(deployment) - size - taken;
  return room <= 0 ? size : size + Math.min(room, desired - size);
}

/**
 * How the older ReplicaSets shrink now: pods that are not available go first, then available ones, oldest ReplicaSet
 * first, as far as enough pods stay available.
 */
export function shrinkOld(deployment: Deployment, newest: ReplicaSet, old: readonly ReplicaSet[]): readonly Scaling[] {
  const minAvailable = desiredReplicas(deployment) - maxUnavailable(deployment);
  const unavailableNew = sizeOf(newest) - availableWithin(newest, sizeOf(newest));
  const allowance = totalSize([newest, ...old]) - minAvailable - unavailableNew;
  if (totalSize(old) === 0 || allowance <= 0) return [];

  const sizes = new Map(old.map((replicaSet) => [replicaSet, sizeOf(replicaSet)]));
  const scalings: Scaling[] = [];
  const shrink = (limit: number, shrinkable: (replicaSet: ReplicaSet, size: number) => number): void => {
    let left = limit;
    for (const replicaSet of byAge(old)) {
      const size = sizes.get(replicaSet) ?? 0;
      const less = Math.min(left, shrinkable(replicaSet, size));
      if (less <= 0) continue;
      left -= less;
      sizes.set(replicaSet, size - less);
      scalings.push({ replicaSet, to: size - less });
    }
  };
  shrink(allowance, (replicaSet, size) => size - availableWithin(replicaSet, size));
  const available =
    availableWithin(newest, sizeOf(newest)) +
    old.reduce((sum, replicaSet) => sum + availableWithin(replicaSet, sizes.get(replicaSet) ?? 0), 0);
  shrink(available - minAvailable, (_, size) => size);
  return scalings;
}

/** A status that has not caught up may count pods that a smaller size has already given up. */
function availableWithin(replicaSet: ReplicaSet, size: number): number {
  return Math.min(size, replicaSet.status?.availableReplicas ?? 0);
}

/** How the ReplicaSets follow when the Deployment's own size changes, in proportion while a rollout is under way. */
export function followSize(
  deployment: Deployment,
  newest: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
): readonly Scaling[] {
  const desired = desiredReplicas(deployment);
  const all = newest ? [...old, newest] : old;
  const active = activeOnes(all);
  if (active.length <= 1) {
    const only = active[0] ?? newest ?? byAge(old).at(-1);
    return only && sizeOf(only) !== desired ? [{ replicaSet: only, to: desired }] : [];
  }
  if (newest && isSaturated(deployment, newest)) {
    return activeOnes(old).map((replicaSet) => ({ replicaSet, to: 0 }));
  }
  return isRollingUpdate(deployment) ? inProportion(deployment, active) : [];
}

function isSaturated(deployment: Deployment, newest: ReplicaSet): boolean {
  const desired = desiredReplicas(deployment);
  return sizeOf(newest) === desired && desiredThen(newest) === desired && newest.status?.availableReplicas === desired;
}

function inProportion(deployment: Deployment, active: readonly ReplicaSet[]): readonly Scaling[] {
  const desired = desiredReplicas(deployment);
  const allowed = desired > 0 ? desired + maxSurge(deployment) : 0;
  const toAdd = allowed - totalSize(active);
  const oldestFirst = byAge(active);
  const sorted = (toAdd > 0 ? oldestFirst.toReversed() : oldestFirst).toSorted((a, b) => sizeOf(b) - sizeOf(a));
  let added = 0;
  const scalings = sorted.map((replicaSet) => {
    const share = shareOf(replicaSet, deployment, toAdd, toAdd - added);
    added += share;
    return { replicaSet, to: sizeOf(replicaSet) + share };
  });
  // What rounding left over goes to the largest.
  return scalings.map(({ replicaSet, to }, index) => ({
    replicaSet,
    to: index === 0 ? Math.max(0, to + toAdd - added) : to,
  }));
}

function shareOf(replicaSet: ReplicaSet, deployment: Deployment, toAdd: number, left: number): number {
  if (toAdd === 0 || left === 0) return 0;
  const size = sizeOf(replicaSet);
  const share = desiredReplicas(deployment) === 0 ? -size : growth(replicaSet, deployment);
  return toAdd > 0 ? Math.min(share, left) : Math.max(share, left);
}

function growth(replicaSet: ReplicaSet, deployment: Deployment): number {
  const before = maxThen(replicaSet) || (deployment.status?.replicas ?? 0);
  if (before === 0) return 0;
  const size = sizeOf(replicaSet);
  return Math.round((size * (desiredReplicas(deployment) + maxSurge(deployment))) / before) - size;
}

/** Oldest first, ties by name. */
export function byAge<T extends ReplicaSet>(replicaSets: readonly T[]): readonly T[] {
  return replicaSets.toSorted(
    (a, b) =>
      compare(a.metadata.creationTimestamp ?? "", b.metadata.creationTimestamp ?? "") ||
      compare(a.metadata.name ?? "", b.metadata.name ?? ""),
  );
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
