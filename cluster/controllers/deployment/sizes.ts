import { portion, type Deployment, type ReplicaSet } from "../objects.ts";

/** Remembers on a ReplicaSet the Deployment's size when it was last scaled. */
export const desiredAnnotation = "deployment.kubernetes.io/desired-replicas";
/** Remembers the largest size that the surge allowed then. */
export const maxAnnotation = "deployment.kubernetes.io/max-replicas";

/** One ReplicaSet's next size. */
export interface Scaling {
  readonly replicaSet: ReplicaSet;
  readonly to: number;
}

/** How many replicas a Deployment or ReplicaSet wants. */
export function sizeOf({ spec }: Deployment | ReplicaSet): number {
  return spec.replicas ?? 1;
}

/** Whether pods are exchanged little by little. */
function isRollingUpdate({ spec }: Deployment): boolean {
  return (spec.strategy?.type ?? "RollingUpdate") === "RollingUpdate";
}

/** How many pods may be beyond the desired ones and how many of them may be missing while rolling. */
export function fenceposts(deployment: Deployment): { readonly surge: number; readonly unavailable: number } {
  if (!isRollingUpdate(deployment)) return { surge: 0, unavailable: 0 };
  const { maxSurge = "25%", maxUnavailable = "25%" } = deployment.spec.strategy?.rollingUpdate ?? {};
  const size = sizeOf(deployment);
  const surge = portion(maxSurge, size, Math.ceil);
  const unavailable = portion(maxUnavailable, size, Math.floor);
  // With neither, nothing could ever move; validation refuses two zeros, but percentages may round down to them.
  return { surge, unavailable: Math.min(size, surge === 0 && unavailable === 0 ? 1 : unavailable) };
}

/** The sum of a number over ReplicaSets. */
export function total(replicaSets: readonly ReplicaSet[], of: (replicaSet: ReplicaSet) => number | undefined): number {
  return replicaSets.reduce((sum, replicaSet) => sum + (of(replicaSet) ?? 0), 0);
}

/** Those that are to have pods. */
export function activeOnes(replicaSets: readonly ReplicaSet[]): readonly ReplicaSet[] {
  return replicaSets.filter((replicaSet) => sizeOf(replicaSet) > 0);
}

/** The annotations that remember the Deployment's size. */
export function sizeAnnotations(deployment: Deployment): Readonly<Record<string, string>> {
  const desired = sizeOf(deployment);
  return { [desiredAnnotation]: String(desired), [maxAnnotation]: String(desired + fenceposts(deployment).surge) };
}

/** A remembered size; undefined where none was written down. */
function remembered({ metadata }: ReplicaSet, annotation: string): number | undefined {
  const text = metadata.annotations?.[annotation];
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined;
}

/** Whether a ReplicaSet was scaled for another size of the Deployment than the present one. */
export function isScaledFor(replicaSet: ReplicaSet, size: number): boolean {
  return (remembered(replicaSet, desiredAnnotation) ?? size) === size;
}

/**
 * The size that the newest ReplicaSet may have now: as large as the surge allows beside the `others`. Pods that another
 * one has yet to give up count as well, so that not even for a moment there are more than allowed.
 */
export function newestSize(deployment: Deployment, size: number, others: readonly ReplicaSet[]): number {
  const desired = sizeOf(deployment);
  if (size > desired || !isRollingUpdate(deployment)) return desired;
  const taken = total(others, (other) => Math.max(sizeOf(other), other.status?.replicas ?? 0));
  const room = desired + fenceposts(deployment).surge - size - taken;
  return size + Math.max(0, Math.min(room, desired - size));
}

/**
 * How the older ReplicaSets shrink now: pods that are not available go first, then available ones, oldest ReplicaSet
 * first, as far as enough pods stay available.
 */
export function shrinkOld(deployment: Deployment, newest: ReplicaSet, old: readonly ReplicaSet[]): readonly Scaling[] {
  const minAvailable = sizeOf(deployment) - fenceposts(deployment).unavailable;
  const sizes = new Map([newest, ...old].map((replicaSet) => [replicaSet, sizeOf(replicaSet)]));
  // A status that has not caught up may count pods that a smaller size has already given up.
  const available = (replicaSet: ReplicaSet): number =>
    Math.min(sizes.get(replicaSet) ?? 0, replicaSet.status?.availableReplicas ?? 0);
  const allowance = total([newest, ...old], sizeOf) - minAvailable - (sizeOf(newest) - available(newest));
  if (allowance <= 0) return [];
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
  shrink(allowance, (replicaSet, size) => size - available(replicaSet));
  shrink(total([newest, ...old], available) - minAvailable, (_, size) => size);
  return scalings;
}

/** How the ReplicaSets follow when the Deployment's own size changes, in proportion while a rollout is under way. */
export function followSize(
  deployment: Deployment,
  newest: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
): readonly Scaling[] {
  const desired = sizeOf(deployment);
  const active = activeOnes(newest ? [...old, newest] : old);
  if (active.length <= 1) {
    const only = active[0] ?? newest ?? byAge(old).at(-1);
    return only && sizeOf(only) !== desired ? [{ replicaSet: only, to: desired }] : [];
  }
  const isSaturated =
    newest &&
    [sizeOf(newest), remembered(newest, desiredAnnotation), newest.status?.availableReplicas].every(
      (size) => size === desired,
    );
  if (isSaturated) return activeOnes(old).map((replicaSet) => ({ replicaSet, to: 0 }));
  return isRollingUpdate(deployment) ? inProportion(deployment, active) : [];
}

function inProportion(deployment: Deployment, active: readonly ReplicaSet[]): readonly Scaling[] {
  const desired = sizeOf(deployment);
  const allowed = desired > 0 ? desired + fenceposts(deployment).surge : 0;
  const toAdd = allowed - total(active, sizeOf);
  const oldestFirst = byAge(active);
  const sorted = (toAdd > 0 ? oldestFirst.toReversed() : oldestFirst).toSorted((a, b) => sizeOf(b) - sizeOf(a));
  let left = toAdd;
  const scalings = sorted.map((replicaSet) => {
    const size = sizeOf(replicaSet);
    const before = remembered(replicaSet, maxAnnotation) || (deployment.status?.replicas ?? 0);
    const growth = before > 0 || desired === 0 ? Math.round((size * allowed) / Math.max(1, before)) - size : 0;
    const share = left === 0 ? 0 : toAdd > 0 ? Math.min(growth, left) : Math.max(growth, left);
    left -= share;
    return { replicaSet, to: size + share };
  });
  // What rounding left over goes to the largest.
  return scalings.map((scaling, index) => (index === 0 ? { ...scaling, to: Math.max(0, scaling.to + left) } : scaling));
}

/** Oldest first, ties by name. */
export function byAge(replicaSets: readonly ReplicaSet[]): readonly ReplicaSet[] {
  const key = ({ metadata }: ReplicaSet): string => `${metadata.creationTimestamp ?? ""} ${metadata.name ?? ""}`;
  return replicaSets.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}
