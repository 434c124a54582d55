import type { Health } from "../model/health.ts";
import { isJsonObject, valueAt } from "../model/json.ts";
import type { Json } from "../model/json.ts";
import { groupOf } from "../model/object-ref.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { conditionsOf, current, failed, inProgress, listAt, textAt, unknown } from "./conditions.ts";
import { ruleHealth } from "./custom.ts";
import { genericHealth, silent } from "./generic.ts";
import { cronJobHealth, jobHealth } from "./jobs.ts";
import { podHealth } from "./pods.ts";
import type { HealthContext } from "./pods.ts";
import { apiServiceHealth, definitionHealth } from "./registered.ts";
import { autoscalerHealth, disruptionBudgetHealth } from "./scaling.ts";
import { ingressHealth, serviceHealth } from "./services.ts";
import { needsNoStatus } from "./without-status.ts";
import { claimHealth, volumeHealth } from "./volumes.ts";
import { daemonSetHealth, deploymentHealth, replicaSetHealth, statefulSetHealth } from "./workloads.ts";

type Rule = (object: Json, context: HealthContext) => Health;

/** Rules by group and kind. */
const rules: { readonly [groupKind: string]: Rule } = {
  "/Namespace": namespaceHealth,
  "/PersistentVolume": volumeHealth,
  "/PersistentVolumeClaim": claimHealth,
  "/Pod": podHealth,
  "/ReplicationController": replicaSetHealth,
  "/Service": serviceHealth,
  "apiextensions.k8s.io/CustomResourceDefinition": definitionHealth,
  "apiregistration.k8s.io/APIService": apiServiceHealth,
  "apps/DaemonSet": daemonSetHealth,
  "apps/Deployment": deploymentHealth,
  "apps/ReplicaSet": replicaSetHealth,
  "apps/StatefulSet": statefulSetHealth,
  "autoscaling/HorizontalPodAutoscaler": autoscalerHealth,
  "batch/CronJob": cronJobHealth,
  "batch/Job": jobHealth,
  "networking.k8s.io/Ingress": ingressHealth,
  "policy/PodDisruptionBudget": disruptionBudgetHealth,
};

/** The groups of kinds that once were in another. */
const moved: { readonly [groupKind: string]: string } = {
  "extensions/DaemonSet": "apps",
  "extensions/Deployment": "apps",
  "extensions/ReplicaSet": "apps",
  "extensions/Ingress": "networking.k8s.io",
};

/**
 * The health of one object as the API server tells it: a pure function, by the rules of kstatus and the stricter ones of
 * docs/behaviours.md. A status of an older generation, or one that is absent or unreadable, is never healthy (R1).
 */
export function computeHealth(object: KubeObject, context: HealthContext = {}): Health {
  if (textAt(object, "metadata", "deletionTimestamp") !== "") return terminating(object);
  const own = context.rules?.find(({ apiVersion, kind }) => apiVersion === object.apiVersion && kind === object.kind);
  if (own) return staleGeneration(object) ?? ruleHealth(object, own);
  const unsaid = unreadable(object) ?? staleGeneration(object) ?? said(object);
  if (unsaid) return unsaid;
  const group = groupOf(object.apiVersion);
  const rule = rules[`${moved[`${group}/${object.kind}`] ?? group}/${object.kind}`];
  if (rule) return rule(object, context);
  const told = genericHealth(object);
  if (told) return told;
  // Kinds that can have no status have nothing to wait for.
  const isMute = context.hasStatus === false || needsNoStatus(group, object.kind);
  return isMute ? current("Present", "it is there") : silent(object);
}

/** What is being deleted goes when those whose finalizers it carries let it go. */
function terminating(object: KubeObject): Health {
  const holders = listAt(object, "metadata", "finalizers").filter((one) => typeof one === "string");
  const held = holders.length === 0 ? "" : `; it goes when its finalizers are removed: ${holders.join(", ")}`;
  return { status: "Terminating", reason: "Deleted", message: `it is being deleted${held}` };
}

/** A status that is not of the shape that the API conventions give it says nothing. */
function unreadable(object: KubeObject): Health | undefined {
  const status = object["status"];
  if (status === undefined || status === null) return undefined;
  if (!isJsonObject(status)) return unknown("UnreadableStatus", "its status is not an object");
  if (Number.isNaN(observedGeneration(object) ?? 0)) {
    return unknown("UnreadableStatus", "its status.observedGeneration is not a number");
  }
  const conditions = status["conditions"] ?? [];
  if (!Array.isArray(conditions)) return unknown("UnreadableStatus", "its status.conditions is not a list");
  return (conditions as readonly Json[]).every(isJsonObject)
    ? undefined
    : unknown("UnreadableStatus", "its status.conditions has an entry that is not an object");
}

/** The generation that a status is of: NaN where it cannot be read. Argo Rollouts, and others after it, write it as text. */
function observedGeneration(object: KubeObject): number | undefined {
  const observed = valueAt(object, "status", "observedGeneration") ?? undefined;
  if (observed === undefined || typeof observed === "number") return observed;
  return typeof observed === "string" && /^\d{1,15}$/.test(observed) ? Number(observed) : Number.NaN;
}

function staleGeneration(object: KubeObject): Health | undefined {
  const observed = observedGeneration(object);
  const generation = valueAt(object, "metadata", "generation");
  if (observed === undefined || Number.isNaN(observed) || typeof generation !== "number" || observed === generation)
    return undefined;
  const message = `its controller has not taken up the newest change yet (generation ${generation}; its status is of generation ${observed})`;
  return inProgress("LatestGenerationNotObserved", message);
}

/** kstatus's own two conditions, which go before every rule. */
function said(object: KubeObject): Health | undefined {
  for (const { type, status, reason, message } of conditionsOf(object)) {
    if (type === "Reconciling" && status === "True") return inProgress(reason, message || "it is being reconciled");
    if (type === "Stalled" && status === "True") return failed(reason, message || "it is stalled");
  }
  return undefined;
}

function namespaceHealth(namespace: Json): Health {
  const phase = textAt(namespace, "status", "phase");
  if (phase === "Active") return current("Active", "it is active");
  return phase === "Terminating"
    ? { status: "Terminating", reason: "Deleted", message: "it is being deleted" }
    : inProgress("NotActive", "it is not active yet");
}
