import type { Health } from "../model/health.ts";
import { isJsonObject, valueAt } from "../model/json.ts";
import type { Json, JsonObject } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { because, current, failed, inProgress, numberAt, textAt } from "./conditions.ts";
import { meaningOf } from "./status-words.ts";

/** Members that sum up in one word, as `phase`, `state`, `currentStatus` or `stageStatus`; not what was last or is to be. */
const summary = /^(?!last|previous|desired|target)\w*(phase|state|status|health)$/i;
/** Members by which a status says in one bit that all is well. */
const flags = ["ready", "readyToUse", "healthy", "available", "valid", "synced"];
/** Members that hold what went wrong, and are empty otherwise. */
const errors = ["error", "errorMessage", "failureMessage", "failureReason"];
/** How many there are to be, and the members of a status that count them; `omitted` are those that are left out at zero. */
const tallies: readonly {
  readonly wanted: readonly string[];
  readonly counts: readonly string[];
  readonly omitted: readonly string[];
}[] = [
  {
    wanted: ["spec", "replicas"],
    counts: [
      "replicas",
      "updatedReplicas",
      "readyReplicas",
      "availableReplicas",
      "updatedReadyReplicas",
      "updatedAvailableReplicas",
    ],
    omitted: [],
  },
  {
    wanted: ["status", "desiredNumberScheduled"],
    counts: ["currentNumberScheduled", "updatedNumberScheduled", "numberReady", "numberAvailable"],
    omitted: ["numberAvailable"],
  },
  { wanted: ["status", "expectedNodes"], counts: ["availableNodes"], omitted: ["availableNodes"] },
  { wanted: ["status", "expectedMachines"], counts: ["currentHealthy"], omitted: ["currentHealthy"] },
];
const begun = ["startTime", "startedAt", "startTimestamp"];
const ended = ["completionTime", "completedAt", "completionTimestamp", "finishedAt", "finishTime", "endTime"];

/** What the members of a status other than its conditions say of an object's health, each as a verdict. */
export function statusSigns(object: KubeObject): readonly Health[] {
  const status = valueAt(object, "status");
  if (!isJsonObject(status)) return [];
  return [...errorSigns(status), ...wordSigns(object, status), ...flagSigns(status), ...countSigns(object)];
}

/**
 * The word by which a status that has no signs sums itself up, so that nobody knows what it means; empty where it is not filled
 * in yet, undefined where a status has no place for it.
 */
export function unheardPhase(object: KubeObject): string | undefined {
  const status = valueAt(object, "status");
  const words = isJsonObject(status) ? summaries(status) : [];
  const named = words.find(({ member, word }) => word !== "" && /^(current)?(phase|state|status)$/i.test(member));
  return named?.word ?? words.find(({ word }) => word === "")?.word;
}

/** Rest that was asked for, by the word for it in the status and in the spec: as it should be, ready or not. */
export function restSign(object: KubeObject): Health | undefined {
  const status = valueAt(object, "status");
  if (!isJsonObject(status) || !isAskedToRest(object)) return undefined;
  return wordSigns(object, status).find(({ reason }) => reason === "Resting");
}

function errorSigns(status: JsonObject): readonly Health[] {
  return errors.flatMap((member) => {
    const said = textAt(status, member) || textAt(status, member, "message");
    return said.trim() === "" ? [] : [failed("ErrorInStatus", `it tells of an error${because(said)}`)];
  });
}

function wordSigns(object: KubeObject, status: JsonObject): readonly Health[] {
  return summaries(status).flatMap(({ member, word }) => wordSign(object, status, member, word) ?? []);
}

/** The words by which a status sums itself up; some keep them one level deeper: health.status, applicationState.state. */
function summaries(status: JsonObject): readonly { readonly member: string; readonly word: string }[] {
  return Object.entries(status).flatMap(([member, value]) => {
    if (!summary.test(member)) return [];
    const word = [value, valueAt(value, "status"), valueAt(value, "state")].find((one) => typeof one === "string");
    // It stands in sentences, and somebody may have put a story there.
    return typeof word === "string" ? [{ member, word: word.replaceAll(/\s+/g, " ").trim().slice(0, 200) }] : [];
  });
}

function wordSign(object: KubeObject, status: JsonObject, member: string, word: string): Health | undefined {
  const told = `its status.${member} is ${word}`;
  const why = because(["message", "reason"].map((name) => textAt(status, name)).find((text) => text !== "") ?? "");
  switch (meaningOf(word)) {
    case "bad":
      return failed("FailedByStatus", `${told}${why}`);
    case "busy":
      if (/^scheduled$/i.test(word) && textAt(object, "spec", "schedule") !== "") {
        return current("CurrentByStatus", `${told}, as its schedule wants it`);
      }
      return inProgress("InProgressByStatus", `${told}${why}`);
    case "rests":
      return isAskedToRest(object) ? current("Resting", `${told}, as it was asked to be`) : inProgress("Resting", told);
    case "good":
      // Work that runs is on its way; a service that runs has arrived.
      return /running/i.test(word) && isUnfinished(status)
        ? inProgress("InProgressByStatus", `${told}; it has not ended yet`)
        : current("CurrentByStatus", told);
    case undefined:
      return undefined;
  }
}

function isAskedToRest(object: KubeObject): boolean {
  if (valueAt(object, "spec", "running") === false) return true;
  if (meaningOf(textAt(object, "spec", "runStrategy")) === "rests") return true;
  return ["paused", "pause", "suspend", "suspended"].some((member) => valueAt(object, "spec", member) === true);
}

function isUnfinished(status: JsonObject): boolean {
  const has = (member: string): boolean => textAt(status, member) !== "";
  return begun.some(has) && !ended.some(has);
}

function flagSigns(status: JsonObject): readonly Health[] {
  const parts = Object.entries(status).flatMap(([member, list]) => {
    const isShort = Array.isArray(list) && (list as readonly Json[]).some((part) => valueAt(part, "ready") === false);
    return isShort ? [inProgress("InProgressByStatus", `not all of its status.${member} are ready`)] : [];
  });
  const own = flags.flatMap((member) => {
    const value = status[member];
    if (value === true) return [current("CurrentByStatus", `its status.${member} is true`)];
    return value === false ? [inProgress("InProgressByStatus", `its status.${member} is false`)] : [];
  });
  return [...own, ...parts];
}

/** Fewer pods than are to be, or more. Kinds that run pods count them as Kubernetes' own do, after which their schemas are made. */
export function countSigns(object: KubeObject): readonly Health[] {
  const status = valueAt(object, "status");
  if (!isJsonObject(status)) return [];
  // Where there are shards, some count the pods of all of them.
  const most = numberAt(object, Infinity, "spec", "replicas") * Math.max(1, numberAt(object, 1, "spec", "shards"));
  const extra = numberAt(status, 0, "replicas") - most;
  const extraPods = extra > 0 ? [inProgress("ExtraPods", `its status.replicas is ${extra} too many`)] : [];
  const short = tallies.flatMap(({ wanted: path, counts, omitted }) => {
    const wanted = valueAt(object, ...path);
    if (typeof wanted !== "number") return [];
    return counts.flatMap((member) => {
      const count = status[member] ?? (omitted.includes(member) ? 0 : undefined);
      if (typeof count !== "number" || count >= wanted) return [];
      return [inProgress("LessReplicas", `its status.${member} is ${count} of ${wanted}`)];
    });
  });
  return [...short, ...extraPods];
}
