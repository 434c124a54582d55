import type { Deployment, ReplicaSet } from "../objects.ts";
import { desiredReplicas, maxSurge } from "./fenceposts.ts";

export const revisionAnnotation = "deployment.kubernetes.io/revision";
const historyAnnotation = "deployment.kubernetes.io/revision-history";
const desiredAnnotation = "deployment.kubernetes.io/desired-replicas";
const maxAnnotation = "deployment.kubernetes.io/max-replicas";
/** The longest revision history that is kept, in characters. */
const historyLimit = 2000;

/** Annotations that belong to one of the two objects and are not copied from Deployment to ReplicaSet. */
const ownAnnotations = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  revisionAnnotation,
  historyAnnotation,
  desiredAnnotation,
  maxAnnotation,
  "deprecated.deployment.rollback.to",
]);

type Annotations = Readonly<Record<string, string>>;

/** A ReplicaSet's revision; 0 where it has none. */
export function revisionOf(replicaSet: ReplicaSet): number {
  return wholeNumber(replicaSet.metadata.annotations?.[revisionAnnotation]) ?? 0;
}

/** The Deployment's size when the ReplicaSet was last scaled, if it was written down. */
export function desiredThen(replicaSet: ReplicaSet): number | undefined {
  return wholeNumber(replicaSet.metadata.annotations?.[desiredAnnotation]);
}

/** The Deployment's largest size when the ReplicaSet was last scaled, if it was written down. */
export function maxThen(replicaSet: ReplicaSet): number | undefined {
  return wholeNumber(replicaSet.metadata.annotations?.[maxAnnotation]);
}

/** The two annotations that remember the Deployment's size. */
export function sizeAnnotations(deployment: Deployment): Annotations {
  const desired = desiredReplicas(deployment);
  return { [desiredAnnotation]: String(desired), [maxAnnotation]: String(desired + maxSurge(deployment)) };
}

/** Annotations of the newest ReplicaSet at `revision`; a revision that it had before goes into its history. */
export function newestAnnotations(deployment: Deployment, before: Annotations, revision: number): Annotations {
  const copied = Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => !ownAnnotations.has(key));
  const annotations = { ...before, ...Object.fromEntries(copied) };
  const earlier = before[revisionAnnotation];
  if ((wholeNumber(earlier) ?? 0) >= revision) return annotations;
  annotations[revisionAnnotation] = String(revision);
  if (earlier !== undefined) {
    const history = (before[historyAnnotation] ?? "").split(",").filter((entry) => entry !== "");
    annotations[historyAnnotation] = shortened([...history, earlier]).join(",");
  }
  return annotations;
}

/** Whether two sets of annotations are the same. */
export function sameAnnotations(one: Annotations, other: Annotations): boolean {
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => one[key] === other[key]);
}

function shortened(history: readonly string[]): readonly string[] {
  return history.join(",").length > historyLimit ? shortened(history.slice(1)) : history;
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined;
}
