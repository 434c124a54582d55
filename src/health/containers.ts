import { valueAt } from "../model/json.ts";
import type { Json } from "../model/json.ts";
import type { Health } from "../model/health.ts";
import { because, dead, failed, inProgress, numberAt, textAt } from "./conditions.ts";
import { failedPull } from "./image-pull.ts";

/** Reasons of a waiting container that no waiting can mend, with what they mean in plain words. */
const refusedStarts: { readonly [reason: string]: string } = {
  InvalidImageName: "its image name is invalid",
  ErrImageNeverPull: "its image is not on the node and may not be pulled",
  CreateContainerConfigError: "it is configured with what is not there or not allowed",
};

/** A container that has run this long starts anew without back-off: what it did before is no crash loop. */
const calmMs = 600_000;

/** What keeps a container from getting ready in a way worth telling, from its entry in the pod's status. */
export function containerTrouble(
  status: Json,
  pod: string,
  limits: { readonly maxRestarts?: number; readonly nowMs?: number },
  spec: Json = null,
): Health | undefined {
  if (valueAt(status, "ready") === true) return undefined;
  const reason = textAt(status, "state", "waiting", "reason");
  if (reason === "CrashLoopBackOff") return crashLoop(status, pod, limits, spec);
  if (reason === "ErrImagePull" || reason === "ImagePullBackOff") return pullTrouble(status, pod, reason);
  return (
    startTrouble(status, pod, reason) ??
    (isLooping(status, limits.nowMs) ? crashLoop(status, pod, limits, spec) : undefined)
  );
}

function pullTrouble(status: Json, pod: string, reason: string): Health {
  const { meaning, cause, isFinal } = failedPull(textAt(status, "state", "waiting", "message"));
  const why = meaning === undefined ? "" : `, since ${meaning}`;
  const what = `${pod}: container ${textAt(status, "name")} cannot start, its image ${textAt(status, "image")}`;
  return (isFinal ? dead : failed)(reason, `${what} cannot be pulled${why}${because(cause)}`);
}

function startTrouble(status: Json, pod: string, reason: string): Health | undefined {
  const said = textAt(status, "state", "waiting", "message");
  const cannot = (meaning: string): string =>
    `${pod}: container ${textAt(status, "name")} cannot start, ${meaning}${because(said || textAt(status, "image"))}`;
  const meaning = refusedStarts[reason];
  if (meaning !== undefined) return dead(reason, cannot(meaning));
  return /^Err|(Error|BackOff|Failed|Unavailable)$/.test(reason)
    ? failed(reason, cannot(`the node says ${reason}`))
    : undefined;
}

/** A container that ended and was started again, and has not run in calm since. */
function isLooping(status: Json, nowMs: number | undefined): boolean {
  const ended = valueAt(status, "state", "terminated") ?? valueAt(status, "lastState", "terminated");
  return numberAt(status, 0, "restartCount") > 0 && ended !== undefined && !isCalm(status, nowMs);
}

/** A container that ends again and again; one that waits is held back by the kubelet. */
function crashLoop(status: Json, pod: string, { maxRestarts }: { readonly maxRestarts?: number }, spec: Json): Health {
  const restarts = numberAt(status, 0, "restartCount");
  const waits = textAt(status, "state", "waiting", "reason") === "CrashLoopBackOff";
  const ended = valueAt(status, "state", "terminated") ?? valueAt(status, "lastState", "terminated") ?? null;
  const counted = restarts === 1 ? "1 restart" : `${restarts} restarts`;
  const how = [ended === null ? "" : `${endWords(ended)}${causeOf(ended, spec)}`, counted]
    .filter((word) => word !== "")
    .join(", ");
  const lastLine = textAt(ended, "message").trim().split("\n").at(-1) ?? "";
  const verb = valueAt(ended, "exitCode") === 0 ? "ending" : "crashing";
  const message = `${pod}: container ${textAt(status, "name")} keeps ${verb} (${how})${because(lastLine)}`;
  if (maxRestarts === undefined)
    return (waits ? dead : failed)(waits ? "CrashLoopBackOff" : "ContainerCrashed", message);
  return restarts > maxRestarts ? dead("CrashLoopBackOff", message) : inProgress("ContainerRestarting", message);
}

/** What in the manifest may have ended the container: its limit of memory, or a probe upon which it is killed. */
function causeOf(ended: Json, spec: Json): string {
  if (textAt(ended, "reason") === "OOMKilled") {
    const limit = textAt(spec, "resources", "limits", "memory");
    return limit === "" ? "" : `: its limit is ${limit}`;
  }
  const isKilled = [137, 143].includes(numberAt(ended, 0, "exitCode"));
  const probe = ["livenessProbe", "startupProbe"].find((one) => valueAt(spec, one) !== undefined);
  return isKilled && probe !== undefined ? `: killed, as on a failing ${probe}` : "";
}

/** Work that has ended well, or a container that has run so long that its past no longer counts. */
function isCalm(status: Json, nowMs: number | undefined): boolean {
  if (valueAt(status, "state", "terminated", "reason") === "Completed") return true;
  const since = Date.parse(textAt(status, "state", "running", "startedAt"));
  return nowMs !== undefined && nowMs - since >= calmMs;
}

/** How a container ended, in words: `exit code 1`, `signal 9`, `out of memory`. */
export function endWords(terminated: Json): string {
  const signal = numberAt(terminated, 0, "signal");
  if (textAt(terminated, "reason") === "OOMKilled") return "out of memory";
  return signal > 0 ? `signal ${signal}` : `exit code ${numberAt(terminated, 0, "exitCode")}`;
}
