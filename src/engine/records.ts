import type { Application, RolloutPolicy } from "../model/application.ts";
import type { Decision } from "../model/decision.ts";
import { newDeliveryId } from "../model/delivery-id.ts";
import type { Observation } from "../model/health.ts";
import type { Problem } from "../model/problem.ts";
import { formatProblem } from "../model/problem.ts";
import type { AppliedStep, CanaryProgress, DeliveryRecord, Drift, Takeover } from "../model/record.ts";
import { shortId } from "../model/revision.ts";
import type { Revision } from "../model/revision.ts";

/** At most this many undone changes are kept in a record. */
const driftKept = 20;

/** True when both tell of the same place: the same tree somewhere else is another delivery. */
function samePlace(record: DeliveryRecord, { cluster, namespace }: Application): boolean {
  return record.cluster === cluster && record.namespace === namespace;
}

/** True when a revision with the tree of one that was rolled back, or failed and is about to be, was pushed again since. */
function isAnew({ outcome, revision: { commit } }: DeliveryRecord, revision: Revision): boolean {
  return outcome === "rolled-back" || (outcome === "failed" && commit !== revision.commit);
}

/**
 * The record that a pass over `revision` continues: the known one for the same tree at the same place, the known one closed
 * as rolled back where this revision is its rollback, and otherwise a new one, which ends the wait for the older revision (behaviour R5).
 */
export function continueRecord(
  known: DeliveryRecord | undefined,
  revision: Revision,
  application: Application,
  nowMs: number,
): DeliveryRecord {
  const isSame = known?.revision.tree === revision.tree && samePlace(known, application);
  if (isSame && !isAnew(known, revision)) return known;
  if (known?.outcome === "failed" && revision.undoes === known.revision.commit && known.lastHealthy) {
    return {
      ...known,
      outcome: "rolled-back",
      decidedAt: iso(nowMs),
      rollback: { commit: revision.commit, undoes: known.revision.commit, restores: known.lastHealthy },
    };
  }
  const startedAt = iso(nowMs);
  return {
    schema: 1,
    delivery: newDeliveryId({ application: application.id, revision, startedAt }),
    application: application.id,
    environment: application.environment,
    namespace: application.namespace,
    ...(application.cluster === undefined ? {} : { cluster: application.cluster }),
    revision,
    outcome: "progressing",
    reason: "Applying",
    message: `applying ${shortId(revision.commit)}`,
    startedAt,
    ...(known?.lastHealthy ? { lastHealthy: known.lastHealthy } : {}),
    ...(known?.promotion ? { promotion: known.promotion } : {}),
    // What replaces a revision that was not proved yet is compared with the one before it.
    ...(known?.replaced && known.outcome !== "healthy" ? { replaced: known.replaced } : {}),
    applied: [],
    takeovers: [],
    health: [],
    images: [],
    problems: [],
    drift: known?.drift ?? [],
  };
}

/** Codes of problems that a person must answer before anything is removed (behaviour D8). */
const removals: ReadonlySet<string> = new Set(["application-empty", "application-gone"]);

/** True when nothing is wrong with a revision but that it would remove everything: it is held, and not refused. */
export function onlyRemoves(problems: readonly Problem[]): boolean {
  return problems.length > 0 && problems.every(({ code }) => removals.has(code));
}

/**
 * The record of a revision that never reached the cluster (behaviour D3): it names every problem. One that would remove
 * everything is held instead: nothing is wrong with it but that nobody said that it is meant (behaviour D8).
 */
export function refusedRecord(record: DeliveryRecord, problems: readonly Problem[], nowMs: number): DeliveryRecord {
  const [first] = problems;
  if (first && onlyRemoves(problems)) {
    const { message, remedy = "fix it with a new commit" } = first;
    return { ...record, ...held("WouldRemoveEverything", message, remedy), decidedAt: iso(nowMs), problems };
  }
  // Nothing of it is there, so nothing of it is tried, and it has replaced nothing.
  const { canary: _, replaced, ...untried } = record;
  const earlier = replaced && replaced.at !== record.startedAt ? { replaced } : {};
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : "";
  return {
    ...untried,
    ...earlier,
    outcome: "refused",
    reason: "Refused",
    message: `${first ? formatProblem({ ...first, remedy: "" }) : "refused"}${more}; the cluster was not changed`,
    remedy: first?.remedy ?? "fix it with a new commit",
    decidedAt: iso(nowMs),
    problems,
  };
}

/** The parts of a record that say that a person must act. */
export function held(reason: string, message: string, remedy: string) {
  return { outcome: "held", reason, message, remedy } as const;
}

/**
 * True when something of this revision may be in the cluster: what fails from then on is a failure of its gate, and no
 * longer a refusal of which the cluster knows nothing.
 */
export function isBegun(record: DeliveryRecord, wrote: boolean): boolean {
  return wrote || record.applied.length > 0 || (record.outcome !== "progressing" && record.outcome !== "refused");
}

/** The reason of a record whose revision has not begun, since the application comes after others. */
export const waitingForOthers = "WaitingForOthers";

/** The reason of a record whose revision has not begun, since nobody can say yet whether its images are signed. */
const waitingForSignatures = "WaitingForSignatures";

/** True for a record whose revision waits for something before it begins. */
export function isPutOff({ reason }: DeliveryRecord): boolean {
  return reason === waitingForOthers || reason === waitingForSignatures;
}

/** The record of a revision of which nobody can say yet that its images are signed; one that has begun stays as it is. */
export function doubtedRecord(record: DeliveryRecord, problem: Problem): DeliveryRecord {
  if (isBegun(record, false) || record.outcome === "refused") return record;
  const message = `waits to know that its images are signed: ${problem.message}`;
  return { ...record, reason: waitingForSignatures, message, problems: [problem] };
}

/** The record of a revision that waits for others; it is held where only a person can end the wait. */
export function putOffRecord(
  record: DeliveryRecord,
  { message, remedy }: { readonly message: string; readonly remedy?: string },
  nowMs: number,
): DeliveryRecord {
  if (remedy !== undefined) {
    const decidedAt = (record.outcome === "held" && record.decidedAt) || iso(nowMs);
    return { ...record, ...held(waitingForOthers, message, remedy), decidedAt };
  }
  const { remedy: _, decidedAt: __, ...open } = record;
  return { ...open, outcome: "progressing", reason: waitingForOthers, message, problems: [] };
}

/** A revision that was refused or put off before and is taken now begins now: its deadline must not count from before. */
export function takenRecord(
  known: DeliveryRecord,
  canary: CanaryProgress | undefined,
  isApplied: boolean,
  nowMs: number,
): DeliveryRecord {
  const record = canary ? { ...known, canary } : known;
  const begins = isPutOff(record) || (record.outcome === "refused" && isApplied);
  if (!begins) return record;
  const { decidedAt: _, remedy: __, ...open } = record;
  return { ...open, outcome: "progressing", reason: "Applying", startedAt: iso(nowMs), problems: [] };
}

/**
 * The record with the pods that its revision replaces, noted when it begins: what compares asks a Prometheus about them as
 * of then, when whatever is new had no sample yet.
 */
export function withReplaced(record: DeliveryRecord, { checks }: RolloutPolicy, { pods }: Observation): DeliveryRecord {
  const compares = checks.some((check) => "prometheus" in check && check.compare !== undefined);
  const isNew = record.outcome === "progressing" && record.lastHealthy !== undefined && !record.replaced;
  if (!compares || !isNew) return record;
  return { ...record, replaced: { pods: pods.map(({ name }) => name), at: record.startedAt } };
}

/** What a pass saw and did, to be kept in the record. */
export interface Findings {
  readonly observation: Observation;
  readonly applied: readonly AppliedStep[];
  readonly takeovers: readonly Takeover[];
  readonly drift: readonly Drift[];
  readonly images: readonly string[];
  /** What kept the revision, or a part of it, from the cluster. */
  readonly problems: readonly Problem[];
}

/** The record after a decision. A rollback is first recorded as a failure: its commit is made from that record. */
export function decidedRecord(
  record: DeliveryRecord,
  decision: Decision,
  findings: Findings,
  nowMs: number,
): DeliveryRecord {
  // Nothing of it is in the cluster, and that nobody could be asked this time says nothing new of it.
  if (record.outcome === "refused") return record;
  const seen = {
    ...record,
    applied: findings.applied.length > 0 ? findings.applied : record.applied,
    takeovers: findings.takeovers.length > 0 ? findings.takeovers : record.takeovers,
    problems: findings.problems,
    health: findings.observation.objects,
    images: findings.images,
    drift: [...findings.drift, ...record.drift].slice(0, driftKept),
  };
  const { currentSince: _, degradedSince: ___, failingSince: ____, ...unsoaked } = seen;
  if (decision.kind === "steady") {
    // What is held and unhealthy again soaks from the beginning when it recovers.
    const kept =
      record.outcome === "held" || record.currentSince === undefined ? {} : { currentSince: record.currentSince };
    const { degradedSinceMs } = decision;
    return { ...unsoaked, ...kept, ...(degradedSinceMs === undefined ? {} : { degradedSince: iso(degradedSinceMs) }) };
  }
  // What is held says why, and what a person must do, until it has proved itself.
  if (record.outcome === "held" && decision.kind === "wait") return { ...unsoaked, ...waitingSince(decision) };
  const { remedy: __, ...open } = unsoaked;
  return { ...open, ...verdict(seen, decision, iso(nowMs)) };
}

type Wait = Extract<Decision, { kind: "wait" }>;

type Since = Pick<DeliveryRecord, "currentSince" | "failingSince" | "degradedSince">;

function waitingSince({ currentSinceMs, failingSinceMs, degradedSinceMs }: Wait): Since {
  return {
    ...(currentSinceMs === undefined ? {} : { currentSince: iso(currentSinceMs) }),
    ...(failingSinceMs === undefined ? {} : { failingSince: iso(failingSinceMs) }),
    ...(degradedSinceMs === undefined ? {} : { degradedSince: iso(degradedSinceMs) }),
  };
}

type Verdict = Pick<DeliveryRecord, "outcome" | "reason" | "message"> & Partial<DeliveryRecord>;

function verdict(record: DeliveryRecord, decision: Exclude<Decision, { kind: "steady" }>, now: string): Verdict {
  switch (decision.kind) {
    case "wait": {
      const { reason, message } = decision;
      return { outcome: record.outcome, reason, message, ...waitingSince(decision) };
    }
    case "advance": {
      const { canary } = record;
      const passed = canary ? { canary: { ...canary, passedAt: now } } : {};
      return { outcome: "progressing", reason: "CanaryPassed", message: decision.message, ...passed };
    }
    case "healthy": {
      const { commit, tree, composed } = record.revision;
      const content = { tree, ...(composed === undefined ? {} : { composed }) };
      const lastHealthy = { commit, ...content, healthyAt: now, images: record.images };
      return { outcome: "healthy", reason: "Healthy", message: decision.message, decidedAt: now, lastHealthy };
    }
    case "rollback":
      return { outcome: "failed", reason: decision.reason, message: decision.message, decidedAt: now };
    case "hold":
      return { ...held(decision.reason, decision.message, decision.remedy), decidedAt: now };
  }
}

/**
 * A healthy record with what there is to know besides: what is gone from Git and was not deleted, and `notes`; without them once
 * they are true no more.
 */
export function remarked(record: DeliveryRecord, held: readonly Problem[], notes: readonly string[]): DeliveryRecord {
  if (record.outcome !== "healthy") return record;
  const { remedy: _, ...rest } = record;
  const [verdict] = record.message.split("; ");
  const message = [verdict, ...held.map((one) => one.message), ...notes].join("; ");
  const remedy = held[0]?.remedy;
  const problems = held.length > 0 ? held : record.problems;
  return { ...rest, message, problems, ...(remedy === undefined ? {} : { remedy }) };
}

/** Two records that say the same to people and to a restarted engine need no second commit on the delivery log. */
export function sameDecision(left: DeliveryRecord | undefined, right: DeliveryRecord): boolean {
  const key = (record: DeliveryRecord): string =>
    JSON.stringify([
      record.revision.tree,
      record.startedAt,
      record.outcome,
      record.rollback?.commit,
      record.drift[0]?.at,
      record.canary?.passedAt,
      record.promotion && { ...record.promotion, at: "" },
      record.outcome === "progressing" ? "" : record.message,
    ]);
  return left !== undefined && key(left) === key(right) && !hasRecovered(left, right);
}

/** Drift is often recorded as undone while its pods still come up; without this the log would never say that they did. */
function hasRecovered(left: DeliveryRecord, right: DeliveryRecord): boolean {
  return left.degradedSince !== undefined && right.degradedSince === undefined;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
