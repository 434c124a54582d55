import type { Deployment, ReplicaSet } from "../objects.ts";
import { desiredAnnotation, maxAnnotation } from "./sizes.ts";

/** Names a ReplicaSet's place in its Deployment's history, and the Deployment's newest. */
export const revisionAnnotation = "deployment.kubernetes.io/revision";
const historyAnnotation = "deployment.kubernetes.io/revision-history";
/** These belong to one of the two objects and are not copied from Deployment to ReplicaSet. */
const ownAnnotations = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  "deprecated.deployment.rollback.to",
  revisionAnnotation,
  historyAnnotation,
  desiredAnnotation,
  maxAnnotation,
]);
/** The longest revision history that is kept, in characters. */
const historyLimit = 2000;

type Annotations = Readonly<Record<string, string>>;

/** A ReplicaSet's revision; 0 where it has none. */
export function revisionOf({ metadata }: ReplicaSet): number {
  return Number(metadata.annotations?.[revisionAnnotation]) || 0;
}

/** Annotations of the newest ReplicaSet at `revision`; a revision that it had before goes into its history. */
export function newestAnnotations(deployment: Deployment, before: Annotations, revision: number): Annotations {
  const copied = Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => !ownAnnotations.has(key));
  const annotations = { ...before, ...Object.fromEntries(copied) };
  const earlier = before[revisionAnnotation];
  if ((Number(earlier) || 0) >= revision) return annotations;
  annotations[revisionAnnotation] = String(revision);
  if (earlier !== undefined) {
    const history = [...(before[historyAnnotation]?.split(",") ?? []), earlier];
    while (history.join(",").length > historyLimit) history.shift();
    annotations[historyAnnotation] = history.join(",");
  }
  return annotations;
}
