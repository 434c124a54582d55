import type { Health } from "../model/health.ts";
import { isJsonObject, valueAt } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { conditionSigns } from "./condition-signs.ts";
import { condition, current, inProgress, unknown } from "./conditions.ts";
import { countSigns, restSign, statusSigns, unheardPhase } from "./status-signs.ts";

/** How a person makes a kind known of which nothing can be told. */
const remedy = "a rule for its kind under health in delivery.yaml tells it";

/**
 * The health of an object of a kind without a rule. kstatus's Ready condition sums up; what contradicts it, and where there is
 * none all that the status says in words whose meaning is known, is taken at its worst. Undefined where the status is silent.
 */
export function genericHealth(object: KubeObject): Health | undefined {
  const rest = restSign(object);
  const ready = rest ?? readyHealth(object);
  const signs = [...conditionSigns(object), ...(ready && !rest ? countSigns(object) : statusSigns(object))];
  const of = (status: Health["status"]): Health | undefined => signs.find((one) => one.status === status);
  const told = of("Failed") ?? (ready?.status === "InProgress" ? ready : of("InProgress")) ?? ready ?? of("Current");
  if (told) return told;
  const phase = unheardPhase(object);
  if (phase === undefined) return undefined;
  if (phase === "")
    return inProgress("NoPhase", `its status does not say yet how it is; where it never does, ${remedy}`);
  return unknown("UnheardPhase", `its status says ${phase}, which could mean anything; ${remedy}`);
}

/** Nobody has said anything of the object's health. */
export function silent(object: KubeObject): Health {
  const status = object["status"];
  return isJsonObject(status) && Object.keys(status).length > 0
    ? current("Present", "it is there, and nothing is held against it")
    : unknown("NoStatus", `it has no status, so its health cannot be known; ${remedy}`);
}

function readyHealth(object: KubeObject): Health | undefined {
  const ready = condition(object, "Ready");
  if (!ready) return undefined;
  const generation = valueAt(object, "metadata", "generation");
  const { observedGeneration = generation } = ready;
  if (generation !== undefined && observedGeneration !== generation) {
    return inProgress("LatestGenerationNotObserved", "its Ready condition is of an older generation");
  }
  if (ready.status === "True") return current(ready.reason || "Ready", ready.message || "it is ready");
  return inProgress(ready.reason || "NotReady", ready.message || "it is not ready yet");
}
