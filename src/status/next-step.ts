import { leastForChecksMs } from "../model/application.ts";
import type { RolloutPolicy } from "../model/application.ts";
import type { DeliveryRecord } from "../model/record.ts";
import { shortId } from "../model/revision.ts";
import type { NextStep } from "../model/status-document.ts";

/** When a revision that is not healthy by then has failed, ISO 8601 in UTC; undefined where no deadline counts. */
export function deadlineAt(policy: RolloutPolicy, record: DeliveryRecord): string | undefined {
  // Once every object is healthy the soak counts, and no deadline any more; one that waits for others has not begun.
  const awaited =
    record.outcome === "progressing" && record.currentSince === undefined && record.reason !== "WaitingForOthers";
  return awaited ? latestOf(policy, record) : undefined;
}

/** What comes next where nothing new is pushed (behaviour V2); undefined for what is healthy and stays so. */
export function nextStep(policy: RolloutPolicy, record: DeliveryRecord): NextStep | undefined {
  const { remedy, outcome, rollback, degradedSince } = record;
  if (remedy !== undefined) return { who: "person", message: remedy };
  switch (outcome) {
    case "held":
    case "refused":
      return { who: "person", message: "fix it with a new commit" };
    case "failed":
      return { who: "engine", message: putBack(policy, record) };
    case "rolled-back":
      return { who: "engine", message: `${rollback ? shortId(rollback.commit) : "the rollback"} passes the same gate` };
    case "progressing":
      return underWay(policy, record);
    case "healthy":
      if (degradedSince === undefined) return undefined;
      return {
        who: "engine",
        at: after(degradedSince, policy.deadlineMs),
        message: "unless it recovers by then, it is held for a person",
      };
    case "superseded":
      return undefined;
  }
}

function underWay(policy: RolloutPolicy, record: DeliveryRecord): NextStep {
  const { reason, currentSince } = record;
  if (reason === "WaitingForOthers") return { who: "engine", message: "it begins when they are healthy" };
  const failing = `unless it is healthy by then, ${putBack(policy, record)}`;
  if (currentSince === undefined) return { who: "engine", at: latestOf(policy, record), message: failing };
  const soaked = after(currentSince, soakOf(policy, record));
  const rest = isTried(record) ? "the rest follows if its canary stays so" : "it is healthy if it stays so";
  if (policy.checks.length === 0) return { who: "engine", at: soaked, message: rest };
  if (reason !== "WaitingForChecks") return { who: "engine", at: soaked, message: "the checks are asked" };
  const deadline = after(begunAt(record), policy.deadlineMs);
  const asked = after(soaked, leastForChecksMs(policy));
  return {
    who: "engine",
    at: deadline > asked ? deadline : asked,
    message: `unless the checks pass by then, ${putBack(policy, record)}`,
  };
}

/** What a failed gate is answered with (behaviours B1, B4, B7). */
function putBack({ onFailure }: RolloutPolicy, { lastHealthy, revision }: DeliveryRecord): string {
  const canRestore = lastHealthy && lastHealthy.tree !== revision.tree && revision.undoes === undefined;
  if (onFailure === "hold" || !canRestore) return "it is held for a person";
  const state = `${shortId(lastHealthy.commit)}, the last healthy state`;
  return onFailure === "branch" ? `a branch is proposed that restores ${state}` : `a commit restores ${state}`;
}

/** When it must be healthy; what was so in its soak and is not any more has the deadline anew, but not for ever. */
function latestOf(policy: RolloutPolicy, record: DeliveryRecord): string {
  const { deadlineMs } = policy;
  const begun = begunAt(record);
  const first = after(begun, deadlineMs);
  if (record.degradedSince === undefined) return first;
  const last = after(begun, 2 * deadlineMs + soakOf(policy, record));
  const anew = after(record.degradedSince, deadlineMs);
  return [first, anew < last ? anew : last].toSorted()[1] ?? first;
}

function isTried({ canary }: DeliveryRecord): boolean {
  return canary !== undefined && canary.passedAt === undefined;
}

/** A canary soaks for itself. */
function soakOf({ canary, soakMs }: RolloutPolicy, record: DeliveryRecord): number {
  return isTried(record) && canary ? canary.soakMs : soakMs;
}

/** What follows a canary has a deadline of its own. */
function begunAt({ canary, startedAt }: DeliveryRecord): string {
  return canary?.passedAt ?? startedAt;
}

function after(time: string, ms: number): string {
  return new Date(Date.parse(time) + ms).toISOString();
}
