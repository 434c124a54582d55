import { valueAt } from "../model/json.ts";
import type { Json } from "../model/json.ts";
import type { Health } from "../model/health.ts";
import {
  because,
  conditionsIn,
  conditionsOf,
  current,
  failed,
  inProgress,
  numberAt,
  textAt,
  unknown,
} from "./conditions.ts";
import type { Condition } from "./conditions.ts";

/** Where autoscaling/v1, which has no conditions of its own, keeps those of v2. */
const conditionsAnnotation = "autoscaling.alpha.kubernetes.io/conditions";

/** Argo CD's rules for a HorizontalPodAutoscaler, and one that cannot compute a number of replicas is not healthy. */
export function autoscalerHealth(autoscaler: Json): Health {
  const conditions = autoscalerConditions(autoscaler);
  if (!conditions) {
    const message = `its annotation ${conditionsAnnotation} cannot be read`;
    return unknown("UnreadableStatus", message);
  }
  const able = conditions.find(({ type }) => type === "AbleToScale");
  const active = conditions.find(({ type }) => type === "ScalingActive");
  for (const one of [able, active]) {
    if (one && /^(Failed|Invalid)/.test(one.reason))
      return failed(one.reason, `it cannot scale${because(one.message)}`);
  }
  // Scaled to zero by hand it rests, which is meant.
  const resting = active?.status === "False" && active.reason === "ScalingDisabled";
  if (able?.status === "True" && (resting || active?.status !== "False")) {
    return current(able.reason || "AbleToScale", `it scales ${textAt(autoscaler, "spec", "scaleTargetRef", "name")}`);
  }
  return inProgress("WaitingToScale", `it does not scale yet${because(able?.message ?? active?.message ?? "")}`);
}

function autoscalerConditions(autoscaler: Json): readonly Condition[] | undefined {
  const own = conditionsOf(autoscaler);
  const annotation = textAt(autoscaler, "metadata", "annotations", conditionsAnnotation);
  if (own.length > 0 || annotation === "") return own;
  try {
    const parsed = JSON.parse(annotation) as Json;
    return Array.isArray(parsed) ? conditionsIn(parsed) : undefined;
  } catch {
    return undefined;
  }
}

/** A PodDisruptionBudget is healthy once its controller has counted; that it allows no disruption now may be meant. */
export function disruptionBudgetHealth(budget: Json): Health {
  for (const { status, reason, message } of conditionsOf(budget)) {
    if (status === "False" && reason !== "InsufficientPods") {
      return failed(reason, `it cannot be kept${because(message || reason)}`);
    }
  }
  if (valueAt(budget, "status", "observedGeneration") === undefined && conditionsOf(budget).length === 0) {
    return inProgress("NotObserved", "its controller has not looked at it yet");
  }
  const allowed = numberAt(budget, 0, "status", "disruptionsAllowed");
  return current("Observed", allowed === 1 ? "1 pod may be disrupted now" : `${allowed} pods may be disrupted now`);
}
