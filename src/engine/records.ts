import type { Application } from "../model/application.ts";
import type { Decision } from "../model/decision.ts";
import type { Observation } from "../model/health.ts";
import type { Problem } from "../model/problem.ts";
import { formatProblem } from "../model/problem.ts";
import type { AppliedStep, DeliveryRecord, Drift, Takeover } from "../model/record.ts";
import { shortId } from "../model/revision.ts";
import type { Revision } from "../model/revision.ts";

/** At most this many undone changes are kept in a record. */
const driftKept = 20;

/**
 * The record that a pass over `revision` continues: the known one for the same tree, the known one closed as rolled back
 * where this revision is its rollback, and otherwise a new one, which ends the wait for the older revision (behaviour R5).
 */
export function continueRecord(
  known: DeliveryRecord | undefined,
  revision: Revision,
  application: Application,
  nowMs: number,
): DeliveryRecord {
  if (known?.revision.tree === revision.tree && known.outcome !== "rolled-back") return known;
  if (known?.outcome === "failed" && revision.undoes === known.revision.commit && known.lastHealthy) {
    return {
      ...known,
      outcome: "rolled-back",
      decidedAt: iso(nowMs),
      rollback: { commit: revision.commit, undoes: known.revision.commit, restores: known.lastHealthy },
    };
  }
  return {
    schema: 1,
    application: application.id,
    environment: application.environment,
    namespace: application.namespace,
    revision,
    outcome: "progressing",
    reason: "Applying",
    message: `applying ${shortId(revision.commit)}`,
    startedAt: iso(nowMs),
    ...(known?.lastHealthy ? { lastHealthy: known.lastHealthy } : {}),
    applied: [],
    takeovers: [],
    health: [],
    images: [],
    problems: [],
    drift: known?.drift ?? [],
  };
}

/** The record of a revision that never reached the cluster (behaviour D3): it names every problem. */
export function refusedRecord(record: DeliveryRecord, problems: readonly Problem[], nowMs: number): DeliveryRecord {
  const [first] = problems;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : "";
  return {
    ...record,
    outcome: "refused",
    reason: "Refused",
    message: `${first ? formatProblem({ ...first, remedy: "" }) : "refused"}${more}; the cluster was not changed`,
    remedy: first?.remedy ?? "fix it with a new commit",
    decidedAt: iso(nowMs),
    problems,
  };
}

/** What a pass saw and did, to be kept in the record. */
export interface Findings {
  readonly observation: Observation;
  readonly applied: readonly AppliedStep[];
  readonly takeovers: readonly Takeover[];
  readonly drift: readonly Drift[];
  readonly images: readonly string[];
}

/** The record after a decision. A rollback is first recorded as a failure: its commit is made from that record. */
export function decidedRecord(
  record: DeliveryRecord,
  decision: Decision,
  findings: Findings,
  nowMs: number,
): DeliveryRecord {
  const seen = {
    ...record,
    applied: findings.applied.length > 0 ? findings.applied : record.applied,
    takeovers: findings.takeovers.length > 0 ? findings.takeovers : record.takeovers,
    health: findings.observation.objects,
    images: findings.images,
    drift: [...findings.drift, ...record.drift].slice(0, driftKept),
  };
  if (decision.kind === "steady") return seen;
  const { currentSince: _, remedy: __, ...open } = seen;
  return { ...open, problems: [], ...verdict(record, decision, iso(nowMs)) };
}

type Verdict = Pick<DeliveryRecord, "outcome" | "reason" | "message"> & Partial<DeliveryRecord>;

function verdict(record: DeliveryRecord, decision: Exclude<Decision, { kind: "steady" }>, now: string): Verdict {
  switch (decision.kind) {
    case "wait": {
      const { reason, message, currentSinceMs } = decision;
      const outcome = record.outcome === "refused" ? "progressing" : record.outcome;
      return {
        outcome,
        reason,
        message,
        ...(currentSinceMs === undefined ? {} : { currentSince: iso(currentSinceMs) }),
      };
    }
    case "healthy": {
      const { commit, tree } = record.revision;
      const lastHealthy = { commit, tree, healthyAt: now };
      return { outcome: "healthy", reason: "Healthy", message: decision.message, decidedAt: now, lastHealthy };
    }
    case "rollback":
      return { outcome: "failed", reason: decision.reason, message: decision.message, decidedAt: now };
    case "hold": {
      const { reason, message, remedy } = decision;
      return { outcome: "held", reason, message, remedy, decidedAt: now };
    }
  }
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
      record.outcome === "progressing" ? "" : record.message,
    ]);
  return left !== undefined && key(left) === key(right);
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
