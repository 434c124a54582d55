import type { Health } from "../model/health.ts";
import { valueAt } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { because, condition, dead, numberAt } from "./conditions.ts";
import type { OwnedPod } from "./owned-pods.ts";
import { isReady } from "./pods.ts";

/**
 * The final failure of a Deployment whose new ReplicaSet is not allowed to create pods (behaviour R2); undefined while
 * that may still change by itself. The Deployment's own condition may speak of an older ReplicaSet, so it is not asked.
 */
export function refusedPods(deployment: KubeObject, newest: KubeObject, pods: readonly OwnedPod[]): Health | undefined {
  const refusal = condition(newest, "ReplicaFailure");
  if (refusal?.status !== "True" || !/forbidden|invalid/i.test(refusal.message)) return undefined;
  // A ServiceAccount or a priority class that was applied with it may not have reached every API server yet.
  if (/not found/i.test(refusal.message)) return undefined;
  if (/exceeded quota/i.test(refusal.message) && makesRoom(deployment, pods)) return undefined;
  return dead("ReplicaFailure", `its pods cannot be created${because(refusal.message)}`);
}

/** True while pods are going, or may be taken away by the rollout itself, so that a quota gets free. */
function makesRoom(deployment: KubeObject, pods: readonly OwnedPod[]): boolean {
  const old = pods.filter(({ isNew }) => !isNew).map(({ pod }) => pod);
  if (old.some((pod) => pod.metadata.deletionTimestamp !== undefined || !isReady(pod))) return true;
  return old.length > 0 && unavailableAllowed(deployment) > 0;
}

/** spec.strategy.rollingUpdate.maxUnavailable in pods; shares are rounded down, as the controller does. */
function unavailableAllowed(deployment: KubeObject): number {
  if (valueAt(deployment, "spec", "strategy", "type") === "Recreate") return 1;
  const value = valueAt(deployment, "spec", "strategy", "rollingUpdate", "maxUnavailable") ?? "25%";
  const wanted = numberAt(deployment, 1, "spec", "replicas");
  if (typeof value === "number") return value;
  const share = typeof value === "string" ? Number.parseInt(value, 10) : 0;
  return Math.floor((share * wanted) / 100);
}
