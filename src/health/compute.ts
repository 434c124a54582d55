import type { Health } from "../model/health.ts";
import { valueAt } from "../model/json.ts";
import type { Json } from "../model/json.ts";
import { groupOf } from "../model/object-ref.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { condition, conditionsOf, current, dead, failed, inProgress, textAt } from "./conditions.ts";
import { podHealth } from "./pods.ts";
import type { HealthContext } from "./pods.ts";
import { daemonSetHealth, deploymentHealth, jobHealth, replicaSetHealth, statefulSetHealth } from "./workloads.ts";

type Rule = (object: Json, context: HealthContext) => Health;

/** Rules by group and kind. */
const rules: { readonly [groupKind: string]: Rule } = {
  "/Pod": podHealth,
  "apps/Deployment": deploymentHealth,
  "apps/ReplicaSet": replicaSetHealth,
  "apps/StatefulSet": statefulSetHealth,
  "apps/DaemonSet": daemonSetHealth,
  "batch/Job": jobHealth,
  "/Service": serviceHealth,
  "/PersistentVolumeClaim": claimHealth,
  "/Namespace": namespaceHealth,
  "networking.k8s.io/Ingress": ingressHealth,
  "apiextensions.k8s.io/CustomResourceDefinition": definitionHealth,
  "apiregistration.k8s.io/APIService": apiServiceHealth,
};

/**
 * The health of one object as the API server tells it: a pure function, by the rules of kstatus and the stricter ones of
 * docs/behaviours.md. A status of an older generation is never healthy (behaviour R1).
 */
export function computeHealth(object: KubeObject, context: HealthContext = {}): Health {
  if (object.metadata.deletionTimestamp !== undefined) {
    return { status: "Terminating", reason: "Deleted", message: "it is being deleted" };
  }
  const unread = unreadable(object) ?? staleGeneration(object);
  if (unread) return unread;
  for (const { type, status, reason, message } of conditionsOf(object)) {
    if (type === "Reconciling" && status === "True") return inProgress(reason, message || "it is being reconciled");
    if (type === "Stalled" && status === "True") return failed(reason, message || "it is stalled");
  }
  const group = groupOf(object.apiVersion);
  const rule = rules[`${group}/${object.kind}`];
  if (rule) return rule(object, context);
  return readyHealth(object) ?? withoutRule(object, group);
}

/** A status that is not of the shape that the API conventions give it says nothing. */
function unreadable(object: KubeObject): Health | undefined {
  const conditions = valueAt(object, "status", "conditions");
  if (conditions === undefined || conditions === null || Array.isArray(conditions)) return undefined;
  return { status: "Unknown", reason: "UnreadableStatus", message: "its status.conditions is not a list" };
}

function staleGeneration(object: KubeObject): Health | undefined {
  const observed = valueAt(object, "status", "observedGeneration");
  const { generation } = object.metadata;
  if (typeof observed !== "number" || generation === undefined || observed === generation) return undefined;
  const message = `its status is of generation ${observed}, it is at generation ${generation}`;
  return inProgress("LatestGenerationNotObserved", message);
}

function readyHealth(object: KubeObject): Health | undefined {
  const ready = condition(object, "Ready");
  if (!ready) return undefined;
  if (ready.status === "True") return current(ready.reason || "Ready", ready.message || "it is ready");
  return inProgress(ready.reason || "NotReady", ready.message || "it is not ready yet");
}

/** Kubernetes' own kinds without a rule have nothing to wait for; a custom one without status has said nothing yet. */
function withoutRule(object: KubeObject, group: string): Health {
  const builtIn = !group.includes(".") || group.endsWith(".k8s.io");
  if (builtIn || object["status"] !== undefined) return current("Present", "it is there");
  const message = "it has no status, so its health cannot be known";
  return { status: "Unknown", reason: "NoStatus", message };
}

function serviceHealth(service: Json): Health {
  if (textAt(service, "spec", "type") !== "LoadBalancer") return current("ServiceReady", "it is there");
  const given = valueAt(service, "status", "loadBalancer", "ingress");
  const assigned = textAt(service, "spec", "clusterIP") !== "" || (Array.isArray(given) && given.length > 0);
  return assigned ? current("ServiceReady", "it has an address") : inProgress("NoIPAssigned", "it has no address yet");
}

function claimHealth(claim: Json): Health {
  const phase = textAt(claim, "status", "phase");
  if (phase === "Bound") return current("Bound", "it is bound");
  if (phase === "Lost") return dead("Lost", "its volume is lost");
  return inProgress("NotBound", `it is not bound yet (${phase || "no phase"})`);
}

function namespaceHealth(namespace: Json): Health {
  const phase = textAt(namespace, "status", "phase");
  return phase === "Terminating"
    ? { status: "Terminating", reason: "Deleted", message: "it is being deleted" }
    : current("Active", "it is active");
}

/** Without a load-balancer entry the ingress may have no controller that fills it; an empty entry is one on its way. */
function ingressHealth(ingress: Json): Health {
  const given = valueAt(ingress, "status", "loadBalancer", "ingress");
  if (!Array.isArray(given)) return current("IngressPresent", "it is there");
  const addressed = given.some((entry: Json) => textAt(entry, "ip") !== "" || textAt(entry, "hostname") !== "");
  return addressed ? current("IngressReady", "it has an address") : inProgress("NoAddress", "it has no address yet");
}

function definitionHealth(definition: Json): Health {
  const names = condition(definition, "NamesAccepted");
  if (names?.status === "False") return dead(names.reason, names.message || "its names are taken");
  const established = condition(definition, "Established");
  if (established?.status === "True") return current("Established", "it is established");
  if (established?.status === "False" && established.reason !== "Installing") {
    return failed(established.reason, established.message);
  }
  return inProgress("Installing", "it is being installed");
}

function apiServiceHealth(service: Json): Health {
  const available = condition(service, "Available");
  if (available?.status === "True") return current("Available", "it is available");
  return inProgress(available?.reason ?? "NotAvailable", available?.message ?? "it is not available yet");
}
