import { valueAt } from "../model/json.ts";
import type { Json } from "../model/json.ts";
import type { Health } from "../model/health.ts";
import type { HealthRule } from "../model/health-rule.ts";
import { because, condition, current, dead, failed, inProgress, listAt, textAt, unknown } from "./conditions.ts";
import { containerTrouble, endWords } from "./containers.ts";
import { notReadyWords, startWords } from "./pod-waits.ts";

/** What the rollout's policy and the time of looking add to an object. */
export interface HealthContext {
  /** Restarts of one container that are still a start-up hiccup; undefined counts any crash loop at once. */
  readonly maxRestarts?: number;
  /** Milliseconds since the epoch; what has to do with age is left out without it. */
  readonly nowMs?: number;
  /** Whether objects of this kind can have a status, where that is known. */
  readonly hasStatus?: boolean;
  /** Rules of the configuration, which go before the built-in ones; the first for the object's kind counts. */
  readonly rules?: readonly HealthRule[];
}

/** Until this age a pod without a place may still be waiting for the scheduler: kstatus's schedule window. */
const scheduleWindowMs = 15_000;
/** From this age on nobody will make room for it: long enough for a cluster autoscaler to have begun. */
const unschedulableMs = 180_000;

/** By this annotation repositories tell Argo CD that a pod which is not restarted is to be judged like any other. */
const judgedAnnotation = "argocd.argoproj.io/ignore-restart-policy";

/** The health of a pod (https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/). */
export function podHealth(pod: Json, context: HealthContext = {}): Health {
  const phase = textAt(pod, "status", "phase");
  const name = `pod ${textAt(pod, "metadata", "name")}`;
  if (phase === "") return inProgress("PodNotObserved", `${name} has no status yet`);
  if (phase === "Succeeded") return current("PodCompleted", `${name} completed`);
  if (phase === "Failed") return dead("PodFailed", `${name} failed${because(failureOf(pod))}`);
  if (phase !== "Running" && phase !== "Pending") {
    return unknown("PodUnknown", `${name} is in phase ${phase}`);
  }
  if (phase === "Running" && isReady(pod)) {
    if (!isFinite(pod)) return current("PodReady", `${name} is ready`);
    return inProgress("PodRunning", `${name} runs, and is done when its containers have ended`);
  }
  const trouble = podTrouble(pod, name, context);
  if (trouble) return trouble;
  return phase === "Pending" ? pending(pod, name, context) : inProgress("PodRunningNotReady", notReadyWords(pod, name));
}

/** True while the kubelet calls the pod ready: it gets requests. */
export function isReady(pod: Json): boolean {
  return condition(pod, "Ready")?.status === "True";
}

/** A bare pod that is not restarted when it ends well is a piece of work: it is healthy when it is done, as a Job is. */
function isFinite(pod: Json): boolean {
  const ends = ["OnFailure", "Never"].includes(textAt(pod, "spec", "restartPolicy"));
  const isHook = textAt(pod, "metadata", "annotations", "argocd.argoproj.io/hook") !== "";
  return ends && (isHook || textAt(pod, "metadata", "annotations", judgedAnnotation) !== "true");
}

function pending(pod: Json, name: string, { nowMs }: HealthContext): Health {
  const scheduled = condition(pod, "PodScheduled");
  if (scheduled?.status !== "False") return inProgress("PodPending", startWords(pod, name));
  // What could be had by stopping other pods says the same once more.
  const [said = ""] = scheduled.message.split(/\.? preemption: /);
  const message = `${name} cannot be scheduled${because(said)}`;
  if (scheduled.reason !== "Unschedulable") return inProgress("PodNotScheduled", message);
  // A pod may be held back long before the scheduler looks at it: the later time counts.
  const times = [textAt(pod, "metadata", "creationTimestamp"), scheduled.lastTransitionTime].map(Date.parse);
  const since = Math.max(...times.filter((time) => !Number.isNaN(time)));
  const ageMs = nowMs === undefined || !Number.isFinite(since) ? scheduleWindowMs : nowMs - since;
  if (ageMs < scheduleWindowMs) return inProgress("PodNotScheduled", message);
  return ageMs >= unschedulableMs ? dead("PodUnschedulable", message) : failed("PodUnschedulable", message);
}

/** What keeps the pod from getting ready: what cannot get better first, then failures, then the order of containers. */
function podTrouble(pod: Json, name: string, context: HealthContext): Health | undefined {
  const statuses = [...listAt(pod, "status", "initContainerStatuses"), ...listAt(pod, "status", "containerStatuses")];
  const troubles = statuses.flatMap((status) => containerTrouble(status, name, context, specOf(pod, status)) ?? []);
  return troubles.find(({ final }) => final) ?? troubles.find(({ status }) => status === "Failed") ?? troubles[0];
}

function specOf(pod: Json, status: Json): Json {
  const specs = [...listAt(pod, "spec", "initContainers"), ...listAt(pod, "spec", "containers")];
  return specs.find((one) => valueAt(one, "name") === valueAt(status, "name")) ?? null;
}

function failureOf(pod: Json): string {
  const said = textAt(pod, "status", "message") || textAt(pod, "status", "reason");
  if (said !== "") return said;
  const disruption = condition(pod, "DisruptionTarget");
  if (disruption?.status === "True") return disruption.message || disruption.reason;
  const statuses = [...listAt(pod, "status", "initContainerStatuses"), ...listAt(pod, "status", "containerStatuses")];
  for (const status of statuses) {
    const ended = valueAt(status, "state", "terminated");
    if (valueAt(ended, "exitCode") !== 0 && ended !== undefined) {
      return `container ${textAt(status, "name")} ended with ${endWords(ended)}${because(textAt(ended, "message"))}`;
    }
  }
  return "";
}
