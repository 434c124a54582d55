import { valueAt } from "../model/json.ts";
import type { Json } from "../model/json.ts";
import type { Health } from "../model/health.ts";
import { condition, current, dead, failed, inProgress, numberAt, textAt } from "./conditions.ts";

/** What the rollout's policy and the time of looking add to an object. */
export interface HealthContext {
  /** Restarts of one container that are still a start-up hiccup; undefined counts any crash loop at once. */
  readonly maxRestarts?: number;
  /** Milliseconds since the epoch; what has to do with age is left out without it. */
  readonly nowMs?: number;
}

/** Until this age a pod without a place may still be waiting for the scheduler: kstatus's schedule window. */
const scheduleWindowMs = 15_000;
/** From this age on nobody will make room for it: long enough for a cluster autoscaler to have begun. */
const unschedulableMs = 180_000;

/** Reasons of a waiting container that no waiting can mend, with what they mean in plain words. */
const refusedStarts: { readonly [reason: string]: string } = {
  ImagePullBackOff: "its image cannot be pulled",
  InvalidImageName: "its image name is invalid",
  ErrImageNeverPull: "its image is not on the node and may not be pulled",
  CreateContainerConfigError: "its configuration is not there",
  CreateContainerError: "it cannot be created",
  RunContainerError: "it cannot be started",
};

/** The health of a pod (https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/). */
export function podHealth(pod: Json, context: HealthContext = {}): Health {
  const phase = textAt(pod, "status", "phase");
  const name = `pod ${textAt(pod, "metadata", "name")}`;
  if (phase === "Succeeded") return current("PodCompleted", `${name} completed`);
  if (phase === "Failed") {
    return dead(
      "PodFailed",
      `${name} failed${because(textAt(pod, "status", "message") || textAt(pod, "status", "reason"))}`,
    );
  }
  if (phase === "") return inProgress("PodNotObserved", `${name} has no status yet`);
  const trouble = containerTrouble(pod, name, context);
  if (trouble) return trouble;
  if (phase === "Running") {
    if (condition(pod, "Ready")?.status === "True") return current("PodReady", `${name} is ready`);
    return inProgress("PodRunningNotReady", notReady(pod, name));
  }
  if (phase === "Pending") return pending(pod, name, context);
  return { status: "Unknown", reason: "PodUnknown", message: `${name} is in phase ${phase}` };
}

function pending(pod: Json, name: string, { nowMs }: HealthContext): Health {
  const scheduled = condition(pod, "PodScheduled");
  if (scheduled?.status !== "False") return inProgress("PodPending", `${name} is being started`);
  const message = `${name} cannot be scheduled${because(scheduled.message)}`;
  if (scheduled.reason !== "Unschedulable") return inProgress("PodNotScheduled", message);
  const since = Date.parse(textAt(pod, "metadata", "creationTimestamp") || scheduled.lastTransitionTime);
  const ageMs = nowMs === undefined || Number.isNaN(since) ? scheduleWindowMs : nowMs - since;
  if (ageMs < scheduleWindowMs) return inProgress("PodNotScheduled", message);
  return ageMs >= unschedulableMs ? dead("PodUnschedulable", message) : failed("PodUnschedulable", message);
}

/** The first container, in the order of the pod, that keeps it from getting ready in a way worth telling. */
function containerTrouble(pod: Json, name: string, context: HealthContext): Health | undefined {
  for (const list of ["initContainerStatuses", "containerStatuses"]) {
    const statuses = valueAt(pod, "status", list);
    if (!Array.isArray(statuses)) continue;
    for (const status of statuses as readonly Json[]) {
      const trouble = startTrouble(status, name) ?? crashTrouble(status, name, context);
      if (trouble) return trouble;
    }
  }
  return undefined;
}

function startTrouble(status: Json, name: string): Health | undefined {
  const reason = textAt(status, "state", "waiting", "reason");
  const meaning = refusedStarts[reason];
  if (meaning === undefined) return undefined;
  const container = textAt(status, "name");
  const why = textAt(status, "state", "waiting", "message") || textAt(status, "image");
  return dead(reason, `${name}: container ${container} cannot start, ${meaning}${because(why)}`);
}

function crashTrouble(status: Json, name: string, { maxRestarts }: HealthContext): Health | undefined {
  const restarts = numberAt(status, 0, "restartCount");
  const looping = textAt(status, "state", "waiting", "reason") === "CrashLoopBackOff";
  if (!looping && (maxRestarts === undefined || valueAt(status, "ready") === true)) return undefined;
  const ended = valueAt(status, "lastState", "terminated") ?? valueAt(status, "state", "terminated");
  const how = [exitWords(ended), restarts === 1 ? "1 restart" : `${restarts} restarts`].filter(Boolean).join(", ");
  const said =
    textAt(ended ?? null, "message")
      .trim()
      .split("\n")
      .at(-1) ?? "";
  const message = `${name}: container ${textAt(status, "name")} keeps crashing (${how})${because(said)}`;
  if (maxRestarts === undefined || restarts > maxRestarts) return dead("CrashLoopBackOff", message);
  return looping ? inProgress("ContainerRestarting", message) : undefined;
}

function exitWords(terminated: Json | undefined): string {
  if (terminated === undefined) return "";
  const reason = textAt(terminated, "reason");
  const signal = numberAt(terminated, 0, "signal");
  if (reason === "OOMKilled") return "out of memory";
  return signal > 0 ? `signal ${signal}` : `exit code ${numberAt(terminated, 0, "exitCode")}`;
}

function notReady(pod: Json, name: string): string {
  const statuses = valueAt(pod, "status", "containerStatuses");
  const waiting = Array.isArray(statuses)
    ? (statuses as readonly Json[]).filter((status) => valueAt(status, "ready") !== true)
    : [];
  const names = waiting.map((status) => textAt(status, "name")).join(", ");
  return `${name} runs but is not ready${names ? ` (container ${names})` : ""}`;
}

function because(why: string): string {
  return why === "" ? "" : `: ${why.length > 300 ? `${why.slice(0, 300)}…` : why}`;
}
