import { valueAt } from "../model/json.ts";
import type { Json } from "../model/json.ts";
import type { Health } from "../model/health.ts";
import { because, dead, failed, inProgress, numberAt, textAt } from "./conditions.ts";

/** Reasons of a waiting container that no waiting can mend, with what they mean in plain words. */
const refusedStarts: { readonly [reason: string]: string } = {
  InvalidImageName: "its image name is invalid",
  ErrImageNeverPull: "its image is not on the node and may not be pulled",
  CreateContainerConfigError: "its configuration is not there",
};

/** What a registry that is busy, broken or out of reach makes the kubelet say: the next attempt may succeed. */
const passing =
  /time[d -]?out|deadline exceeded|connection (refused|reset)|no such host|temporar|try again|too many requests|unavailable|tls handshake|network|\beof\b|status[^"]{0,20}\b(429|5\d\d)\b/i;
/** What a registry that has no such image, or not for us, makes the kubelet say. */
const refused = /not found|does not exist|(manifest|name) unknown|denied|unauthorized|forbidden|invalid/i;

/** A container that has run this long starts anew without back-off: what it did before is no crash loop. */
const calmMs = 600_000;

/** What keeps a container from getting ready in a way worth telling, from its entry in the pod's status. */
export function containerTrouble(
  status: Json,
  pod: string,
  limits: { readonly maxRestarts?: number; readonly nowMs?: number },
): Health | undefined {
  if (valueAt(status, "ready") === true) return undefined;
  const reason = textAt(status, "state", "waiting", "reason");
  if (reason === "CrashLoopBackOff") return crashLoop(status, pod, limits, true);
  return startTrouble(status, pod, reason) ?? crashLoop(status, pod, limits, false);
}

function startTrouble(status: Json, pod: string, reason: string): Health | undefined {
  const said = textAt(status, "state", "waiting", "message");
  const cannot = (meaning: string): string =>
    `${pod}: container ${textAt(status, "name")} cannot start, ${meaning}${because(said || textAt(status, "image"))}`;
  const meaning = refusedStarts[reason];
  if (meaning !== undefined) return dead(reason, cannot(meaning));
  if (reason === "ErrImagePull" || reason === "ImagePullBackOff") {
    // Names of images are in quotes and may hold any word.
    const words = said.replaceAll(/"[^"]*"/g, "");
    const final = !passing.test(words) && (reason === "ImagePullBackOff" || refused.test(words));
    return (final ? dead : failed)(reason, cannot("its image cannot be pulled"));
  }
  return /^Err|(Error|BackOff)$/.test(reason) ? failed(reason, cannot(`the node says ${reason}`)) : undefined;
}

/** A container that ended and was started again; `waits` when the kubelet holds the next start back. */
function crashLoop(
  status: Json,
  pod: string,
  { maxRestarts, nowMs }: { readonly maxRestarts?: number; readonly nowMs?: number },
  waits: boolean,
): Health | undefined {
  const restarts = numberAt(status, 0, "restartCount");
  const ended = valueAt(status, "state", "terminated") ?? valueAt(status, "lastState", "terminated");
  if (!waits && (restarts === 0 || ended === undefined || isCalm(status, nowMs))) return undefined;
  const counted = restarts === 1 ? "1 restart" : `${restarts} restarts`;
  const how = [ended === undefined ? "" : endWords(ended), counted].filter((word) => word !== "").join(", ");
  const lastLine =
    textAt(ended ?? null, "message")
      .trim()
      .split("\n")
      .at(-1) ?? "";
  const verb = valueAt(ended, "exitCode") === 0 ? "ending" : "crashing";
  const message = `${pod}: container ${textAt(status, "name")} keeps ${verb} (${how})${because(lastLine)}`;
  if (maxRestarts === undefined)
    return (waits ? dead : failed)(waits ? "CrashLoopBackOff" : "ContainerCrashed", message);
  return restarts > maxRestarts ? dead("CrashLoopBackOff", message) : inProgress("ContainerRestarting", message);
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
