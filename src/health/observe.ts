import type { Health, ObjectHealth, Observation, PodProgress } from "../model/health.ts";
import { groupOf, refLabel } from "../model/object-ref.ts";
import type { ObjectRef } from "../model/object-ref.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { computeHealth } from "./compute.ts";
import { inProgress, listAt, numberAt, textAt } from "./conditions.ts";
import { ownedBy } from "./owned-pods.ts";
import type { LiveState, Owned, OwnedPod } from "./owned-pods.ts";
import { isReady, podHealth } from "./pods.ts";
import type { HealthContext } from "./pods.ts";
import { refusedPods } from "./refused-pods.ts";
import { secretsAmong, withoutSecrets } from "./without-secrets.ts";

/**
 * What the watches say now of everything a revision delivers. A workload that is not Current is looked into: a pod of its
 * new generation that cannot get better makes it Failed at once (behaviour R2), and the sentence names that pod. Pods of
 * older generations are told of, and decide nothing. No sentence holds a value of a Secret that is delivered.
 */
export function observe(
  desired: readonly { readonly ref: ObjectRef }[],
  live: LiveState,
  context: HealthContext,
): Observation {
  const objects: ObjectHealth[] = [];
  const pods: PodProgress[] = [];
  const maker = desired.map(({ ref }) => ref).find(isCustom);
  for (const { ref } of desired) {
    const object = live.get(ref);
    if (!object) {
      objects.push({ ref, health: { status: "NotFound", reason: "NotFound", message: "it is not in the cluster" } });
      continue;
    }
    const owned = ownedBy(object, live);
    pods.push(...owned.pods.map((one) => progressOf(one, ref.name, context)));
    const hasStatus = live.hasStatus?.(ref.group, ref.kind);
    const known = hasStatus === undefined ? context : { ...context, hasStatus };
    objects.push({ ref, health: mayStillCome(lookInto(object, owned, known), maker) });
  }
  const seen = { objects, pods };
  return withoutSecrets(seen, secretsAmong(seen, live));
}

/** The object's own health, made worse or plainer by its new pods, and never better. */
function lookInto(object: KubeObject, owned: Owned, context: HealthContext): Health {
  const computed = computeHealth(object, context);
  const health = ofAnotherSet(computed, owned) ? inProgress("NewReplicaSet", "its new pods are starting") : computed;
  if (health.status !== "InProgress" && health.status !== "Failed") return health;
  const refused = owned.newest && refusedPods(object, owned.newest, owned.pods);
  const news = owned.pods.filter(({ isNew }) => isNew).map(({ pod }) => ownedHealth(pod, object, context));
  const dead = news.find(({ final }) => final === true);
  // A deadline that has passed says less than the pod that made it pass.
  if (health.final === true) return dead ?? withLastPod(health, news);
  const worst = refused ?? dead ?? news.find(({ status }) => status === "Failed");
  if (worst) return worst;
  const waiting = news.find(({ status }) => status === "InProgress");
  return waiting ? { ...health, message: `${waiting.message}; ${health.message}` } : health;
}

/** A Secret or ConfigMap that a pod lacks may be made by what is of a custom kind: a sealed one, or one that is kept elsewhere. */
function mayStillCome(health: Health, maker: ObjectRef | undefined): Health {
  const isLacking = health.reason === "CreateContainerConfigError" && /not found/.test(health.message);
  if (!isLacking || maker === undefined) return health;
  const { status, reason, message } = health;
  return { status, reason, message: `${message}; ${refLabel(maker)} may still make it` };
}

/** Kubernetes' own groups have no dot in their names, or end in k8s.io. */
function isCustom({ group }: ObjectRef): boolean {
  return group.includes(".") && !/(^|\.)k8s\.io$/.test(group);
}

/** A Job says only how often it was tried; how its last pod ended, and the last words it left, says why. */
function withLastPod(health: Health, news: readonly Health[]): Health {
  const last = news.findLast(({ reason }) => reason === "PodFailed" || reason === "CrashLoopBackOff");
  return last ? { ...health, message: `${health.message}; ${last.message}` } : health;
}

/** A new template inherits the old one's passed deadline until it makes progress; the sentence names whose it was. */
function ofAnotherSet({ reason, message }: Health, { newest }: Owned): boolean {
  const named = /ReplicaSet "([^"]+)"/.exec(message)?.[1];
  return reason === "ProgressDeadlineExceeded" && newest !== undefined && named !== undefined
    ? named !== newest.metadata.name
    : false;
}

/** The health of a pod whose controller replaces it when it has ended, and, for a Job, counts its failures itself. */
function ownedHealth(pod: KubeObject, owner: KubeObject, context: HealthContext): Health {
  const health = computePod(pod, context);
  const { reason } = health;
  const isJob = groupOf(owner.apiVersion) === "batch";
  const isCounted = isJob && (reason === "CrashLoopBackOff" || reason === "ContainerCrashed");
  return reason === "PodFailed" || isCounted ? inProgress(reason, health.message) : health;
}

function computePod(pod: KubeObject, context: HealthContext): Health {
  return pod.metadata.deletionTimestamp === undefined
    ? podHealth(pod, context)
    : { status: "Terminating", reason: "Deleted", message: `pod ${pod.metadata.name} is being stopped` };
}

function progressOf({ pod, isNew }: OwnedPod, workload: string, context: HealthContext): PodProgress {
  const health = computePod(pod, context);
  const leaving = health.status === "Terminating";
  return {
    name: pod.metadata.name,
    workload,
    generation: isNew ? "new" : "old",
    phase: leaving ? "Terminating" : textAt(pod, "status", "phase") || "Unknown",
    ready: !leaving && (isReady(pod) || health.status === "Current"),
    restarts: restartsOf(pod),
    message: health.message,
  };
}

function restartsOf(pod: KubeObject): number {
  return [...listAt(pod, "status", "initContainerStatuses"), ...listAt(pod, "status", "containerStatuses")]
    .map((status) => numberAt(status, 0, "restartCount"))
    .reduce((sum, count) => sum + count, 0);
}
