import { askEveryMs, leastForChecksMs } from "../model/application.ts";
import type { RolloutPolicy } from "../model/application.ts";
import type { Decision } from "../model/decision.ts";
import type { CheckOutcome, ObjectHealth, Observation } from "../model/health.ts";
import { refLabel } from "../model/object-ref.ts";
import type { DeliveryRecord } from "../model/record.ts";
import { shortId } from "../model/revision.ts";

/**
 * What kept this pass from bringing the whole revision to the cluster. `refused`: the API server said no to the rest of a
 * revision that was begun, and will say it again. `delayed`: it said no, but time may mend it (a webhook that is down, a
 * kind that is not served yet). `unseen`: it did not answer at all, or could not listen, which says nothing about the
 * revision.
 */
export interface Obstacle {
  readonly kind: "refused" | "delayed" | "unseen";
  /** One plain sentence, with the place in Git where there is one. */
  readonly message: string;
}

/** What a decision is made from. Times are milliseconds since the epoch. */
export interface Situation {
  readonly policy: RolloutPolicy;
  /** The record of this very revision: of the same tree, begun in this pass or an earlier one. */
  readonly record: DeliveryRecord;
  readonly observation: Observation;
  /** Undefined when everything of the revision is in the cluster. */
  readonly obstacle?: Obstacle | undefined;
  /** Set while only a share of the pods tries the revision; what comes after is not for this decision. */
  readonly canary?: { readonly pods: number; readonly beside: number } | undefined;
  /** Undefined while the checks have not been asked in this soak. */
  readonly checks?: CheckOutcome | undefined;
  /** Since when the cluster has been seen without a gap: a revision's time does not run while nobody can look. */
  readonly seeingSinceMs?: number | undefined;
  readonly nowMs: number;
}

/** How soon a cluster that could not be seen is looked at again. */
const unseenRetryMs = 5000;

/**
 * The gate of a delivery (behaviours R1 to R3, B1, B4): pure, so that the same record and observation decide the same
 * wherever and whenever they are looked at again.
 *
 * A failure is what the cluster says of the revision, never that nobody could be asked: while the API server cannot be
 * reached nothing is decided, neither health nor failure, and afterwards the deadline counts anew, since pods had no way to
 * say that they are ready. Git that cannot be reached delays only the writing of a decision (behaviour B8). What the API
 * server does answer counts: a revision that it refuses half way has failed at once, and one that it puts off has until the
 * deadline like one that does not become healthy.
 */
export function decide(situation: Situation): Decision {
  const { record, policy } = situation;
  if (record.outcome === "rolled-back") return { kind: "steady" };
  if (record.outcome === "healthy") return sinceHealthy(situation);
  if (record.outcome === "failed") return afterFailure(record, policy, record.reason, record.message);
  return ofCanary(situation, gate(situation));
}

function gate(situation: Situation): Decision {
  const { record, policy, observation, obstacle, nowMs } = situation;
  const pending = observation.objects.filter(({ health }) => health.status !== "Current");
  if (record.outcome === "held" && (obstacle || pending.length > 0)) return { kind: "steady" };
  if (obstacle) return hindered(situation, obstacle);
  if (pending.length === 0) return soak(situation);

  const dead = pending.find(({ health }) => health.final === true);
  if (dead) return afterFailure(record, policy, dead.health.reason, sentence(dead));
  const worst = mostTelling(pending);
  const deadlineMs = deadlineOf(situation);
  if (nowMs >= deadlineMs) {
    const message = `${sentence(worst)}; not healthy after ${seconds(policy.deadlineMs)}`;
    return afterFailure(record, policy, "DeadlineExceeded", message);
  }
  const others = pending.length === 1 ? "" : ` (and ${pending.length - 1} more not healthy yet)`;
  return waiting(situation, "WaitingForHealth", sentence(worst) + others, deadlineMs);
}

/** What is decided of a canary says so; once it has passed, the rest of the revision follows. */
function ofCanary({ canary }: Situation, decision: Decision): Decision {
  if (!canary || decision.kind === "steady") return decision;
  const { pods, beside } = canary;
  const message = `canary of ${pods} ${pods === 1 ? "pod" : "pods"} beside ${beside}: ${decision.message}`;
  return decision.kind === "healthy" ? { kind: "advance", message } : { ...decision, message };
}

function hindered(situation: Situation, { kind, message }: Obstacle): Decision {
  const { record, policy, nowMs } = situation;
  if (kind === "unseen") return waiting(situation, "ClusterUnseen", message, nowMs + unseenRetryMs);
  if (kind === "refused") return afterFailure(record, policy, "ApplyFailed", `refused half way: ${message}`);
  const deadlineMs = deadlineOf(situation);
  if (nowMs < deadlineMs) return waiting(situation, "WaitingToApply", message, deadlineMs);
  return afterFailure(record, policy, "ApplyFailed", `not applied after ${seconds(policy.deadlineMs)}: ${message}`);
}

/** A wait of what is not in its soak, or not any more. */
function waiting(situation: Situation, reason: string, message: string, atMs: number): Decision {
  const degradedSinceMs = degradedSince(situation);
  return { kind: "wait", reason, message, atMs, ...(degradedSinceMs === undefined ? {} : { degradedSinceMs }) };
}

/** How long pods have to say how they are when the cluster is seen again. */
const settleMs = 10_000;

/**
 * The time in which nobody could look is given back, but at most once over: an engine that starts again and again ends, too.
 * What was healthy in its soak and is not any more, as when an autoscaler adds a pod, has the deadline anew, but not for ever
 * either. What follows a canary has a deadline of its own.
 */
function deadlineOf(situation: Situation): number {
  const { record, policy, seeingSinceMs = 0 } = situation;
  const { deadlineMs, soakMs } = policy;
  const startedMs = Date.parse(record.canary?.passedAt ?? record.startedAt);
  const latestMs = startedMs + 2 * deadlineMs;
  const givenBackMs = Math.min(seeingSinceMs + deadlineMs, latestMs);
  const anewMs = Math.min((degradedSince(situation) ?? 0) + deadlineMs, latestMs + soakMs);
  return Math.max(startedMs + deadlineMs, givenBackMs, anewMs, seeingSinceMs + Math.min(settleMs, deadlineMs));
}

/** Since when what was healthy in its soak is not any more, or nobody can say that it is. */
function degradedSince({ record, observation, obstacle, nowMs }: Situation): number | undefined {
  if (!obstacle && observation.objects.every(({ health }) => health.status === "Current")) return undefined;
  if (record.currentSince !== undefined) return nowMs;
  return record.degradedSince === undefined ? undefined : Date.parse(record.degradedSince);
}

/**
 * A revision that passed its gate is never rolled back later: what makes it unhealthy now came from elsewhere. It has the
 * policy's deadline to recover; what does not, or cannot, is held, so that every surface says so.
 */
function sinceHealthy({ record, policy, observation, obstacle, nowMs }: Situation): Decision {
  const pending = observation.objects.filter(({ health }) => health.status !== "Current");
  if (obstacle || pending.length === 0) return { kind: "steady" };
  const dead = pending.find(({ health }) => health.final === true);
  const sinceMs = record.degradedSince === undefined ? nowMs : Date.parse(record.degradedSince);
  const atMs = sinceMs + policy.deadlineMs;
  if (!dead && nowMs < atMs) return { kind: "steady", degradedSinceMs: sinceMs, atMs };
  const message = `it was proved healthy, and is not any more: ${sentence(dead ?? mostTelling(pending))}`;
  const remedy = "find out what changed outside of Git, or fix it with a new commit";
  return { kind: "hold", reason: "Degraded", message, remedy };
}

function soak(situation: Situation): Decision {
  const { record, policy, checks, nowMs } = situation;
  const sinceMs = record.currentSince === undefined ? nowMs : Date.parse(record.currentSince);
  const soakedMs = sinceMs + policy.soakMs;
  const failing = checks?.ok === false ? checks : undefined;
  // Until there is an answer, what was answered before still stands.
  const isFailing = failing !== undefined || (checks === undefined && record.failingSince !== undefined);
  const failingSinceMs = isFailing ? Date.parse(record.failingSince ?? iso(nowMs)) : undefined;
  const since = { currentSinceMs: sinceMs, ...(failingSinceMs === undefined ? {} : { failingSinceMs }) };
  const failAtMs = failing?.failAfterMs === undefined ? Infinity : (failingSinceMs ?? nowMs) + failing.failAfterMs;
  if (failing && nowMs >= failAtMs) {
    const message = `${failing.message}; it has failed for ${seconds(nowMs - (failingSinceMs ?? nowMs))}`;
    return afterFailure(record, policy, "CheckFailed", message);
  }
  if (nowMs < soakedMs) {
    const message = failing?.message ?? `every object is healthy; it must stay so for ${seconds(policy.soakMs)}`;
    const isAsked = policy.checks.some(({ failAfterMs }) => failAfterMs !== undefined);
    const atMs = isAsked ? Math.min(soakedMs, nowMs + askEveryMs, failAtMs) : soakedMs;
    return { kind: "wait", reason: "Soaking", message, atMs, ...since };
  }
  if (policy.checks.length > 0 && checks?.ok !== true) {
    const deadlineMs = Math.max(deadlineOf(situation), soakedMs + leastForChecksMs(policy));
    const message = failing?.message ?? "the checks are being asked";
    const isLate = checks === undefined && nowMs >= deadlineMs + leastForChecksMs(policy);
    if (isLate) return afterFailure(record, policy, "CheckFailed", "the checks have not all answered");
    if (nowMs >= deadlineMs && failing) return afterFailure(record, policy, "CheckFailed", message);
    return {
      kind: "wait",
      reason: "WaitingForChecks",
      message,
      atMs: Math.min(nowMs + askEveryMs, failAtMs),
      ...since,
    };
  }
  const note = checks?.ok !== true || checks.note === undefined ? "" : ` (${checks.note})`;
  return { kind: "healthy", message: `every object is healthy and stayed so for ${seconds(policy.soakMs)}${note}` };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** The gate has failed: is there a healthy state that a commit can restore (behaviour B4)? */
function afterFailure(record: DeliveryRecord, policy: RolloutPolicy, reason: string, message: string): Decision {
  const { revision, lastHealthy } = record;
  const hold = (why: string, remedy: string): Decision => ({
    kind: "hold",
    reason,
    message: `${message}; ${why}`,
    remedy,
  });
  if (policy.onFailure === "hold") {
    return hold("the rollout policy says hold", "fix it with a new commit, or revert this one");
  }
  if (!lastHealthy) {
    return hold("nothing was ever healthy here, so there is nothing to go back to", "fix it with a new commit");
  }
  const outside = "find out what changed outside of Git, then fix it with a new commit";
  if (revision.undoes !== undefined) return hold(`this is itself the rollback of ${shortId(revision.undoes)}`, outside);
  if (revision.tree === lastHealthy.tree) {
    return hold("this is the state that was last healthy, so going back would change nothing", outside);
  }
  return { kind: "rollback", reason, message, to: lastHealthy };
}

/** Failed objects tell more than unfinished ones; among equals the order of references decides. */
function mostTelling(pending: readonly ObjectHealth[]): ObjectHealth {
  const rank = ["Failed", "Terminating", "NotFound", "InProgress", "Unknown", "Current"];
  return pending.reduce((worst, next) =>
    rank.indexOf(next.health.status) < rank.indexOf(worst.health.status) ? next : worst,
  );
}

function sentence({ ref, health }: ObjectHealth): string {
  return `${refLabel(ref)}: ${health.message}`;
}

function seconds(ms: number): string {
  return ms < 10_000 ? `${ms / 1000} s` : `${Math.round(ms / 1000)} s`;
}
