import type { Applied } from "../apply/apply.ts";
import { prune } from "../apply/prune.ts";
import { proposeRollback } from "../history/propose-rollback.ts";
import { rollback } from "../history/rollback.ts";
import type { RollbackRequest } from "../history/rollback.ts";
import type { Decision } from "../model/decision.ts";
import type { Observation } from "../model/health.ts";
import type { Manifest } from "../model/manifest.ts";
import type { Plan } from "../model/plan.ts";
import type { Problem } from "../model/problem.ts";
import type { AppliedStep, DeliveryRecord } from "../model/record.ts";
import { withProofs } from "../plan/equivalence.ts";
import type { FoundApplication } from "../source/deployment.ts";
import type { Awaited } from "./await-others.ts";
import { undoneDrift } from "./drift.ts";
import { imagesOf } from "./images.ts";
import type { Kept } from "./inventory.ts";
import { sooner } from "./known.ts";
import { notesOn } from "./notes.ts";
import type { Known, Pass } from "./known.ts";
import type { Io } from "./reconcile.ts";
import {
  decidedRecord,
  doubtedRecord,
  held,
  isBegun,
  putOffRecord,
  refusedRecord,
  remarked,
  sameDecision,
} from "./records.ts";
import type { Findings } from "./records.ts";
import type { Doubt } from "./signed-images.ts";

/** Everything that one pass found out. */
export interface Outcome {
  readonly found: FoundApplication;
  readonly known: Known;
  readonly record: DeliveryRecord;
  readonly desired: readonly Manifest[];
  readonly plan: Plan;
  readonly applied: Applied;
  readonly kept: Kept;
  readonly observation: Observation;
  readonly decision: Decision;
}

/** How often the log is told of progress, at most. */
const progressEveryMs = 10_000;

/** How long a refused revision is left alone before the server is asked again, for what may change without a commit. */
const refusedRetryMs = 60_000;

/** What others become queues those that wait for them; besides, they are looked at this often, which costs no request. */
const awaitedLookMs = 10_000;

/** Acts on the decision of a pass, and puts it on the delivery log where it says something new. */
export async function conclude(io: Io, outcome: Outcome): Promise<Pass> {
  const { found, known, record, plan, applied, observation, decision } = outcome;
  // What is still being asked must not wake what is decided.
  if (decision.kind !== "wait") io.answers.forget(found.application.id);
  // What was written before a refusal is in the inventory as it is now: forgetting it would leave it behind (B6).
  const reached = { ...known, observation, inventory: applied.inventory };
  if (!applied.ok && !applied.transient && !isBegun(record, applied.wrote)) {
    return refuse(io, reached, record, applied.problems);
  }
  // The failure must be on the log first: an engine that is cut off in between finds there what it was about to do.
  const isLogged = record.outcome === "failed" && sameDecision(known.logged, record);
  if (decision.kind === "rollback" && isLogged) return putBack(io, { ...outcome, known: reached }, decision);
  const healthy = decision.kind === "healthy" || (decision.kind === "steady" && record.outcome === "healthy");
  const pruned =
    healthy && applied.ok
      ? await prune(io.kube, plan, {
          namespace: io.namespace,
          known: applied.inventory,
          allowed: found.application.allowPrune ?? [],
        })
      : { inventory: applied.inventory, steps: [], stored: [], problems: [], held: [] };
  io.live.with(pruned.stored);
  const now = io.clock.now();
  const decided = decidedRecord(record, decision, findings(io, outcome, pruned.steps, now), now);
  const next =
    healthy && applied.ok ? remarked(decided, pruned.held, notesOn(outcome.desired, decided.applied)) : decided;
  const proved = withProofs(known.proved, plan, applied);
  const pass = await log(io, { ...reached, record: next, inventory: pruned.inventory, proved }, decision);
  const [left] = applied.ok ? pruned.problems : applied.problems;
  if (left) return { trouble: left, ...pass };
  return pruned.held.length > 0 ? sooner(pass, now + refusedRetryMs) : pass;
}

function findings(io: Io, outcome: Outcome, pruned: readonly AppliedStep[], now: number): Findings {
  const { applied, observation, desired } = outcome;
  return {
    observation,
    applied: [...applied.steps, ...pruned].filter(({ outcome: did }) => did !== "unchanged" && did !== "skipped"),
    takeovers: applied.takeovers,
    drift: [...(outcome.kept.drift ? [outcome.kept.drift] : []), ...undoneDrift(io, outcome, now)],
    images: imagesOf(desired),
    problems: applied.ok ? [] : applied.problems,
  };
}

/** The rollback commit is on the branch: the failed delivery ends here, and the next pass begins the restored revision. */
export function close(io: Io, known: Known, record: DeliveryRecord): Promise<Pass> {
  return log(io, { ...known, record }, { kind: "steady" });
}

/** A revision that is not delivered: the record says why, and the cluster stays as it is (behaviour D3). */
export async function refuse(
  io: Io,
  known: Known,
  record: DeliveryRecord,
  problems: readonly Problem[],
): Promise<Pass> {
  const refused = refusedRecord(record, problems, io.clock.now());
  const pass = await log(io, { ...known, record: refused }, { kind: "steady" });
  return { againAtMs: io.clock.now() + refusedRetryMs, ...pass };
}

/** A revision whose images are not known to be signed (behaviour L5): nothing of it is applied until they are. */
export async function distrust(io: Io, known: Known, record: DeliveryRecord, doubt: Doubt): Promise<Pass> {
  if (doubt.kind === "refused") return refuse(io, known, record, doubt.problems);
  const waiting = doubtedRecord(record, doubt.problem);
  return { ...(await log(io, { ...known, record: waiting }, { kind: "steady" })), trouble: doubt.problem };
}

/** A revision that begins when others are healthy (behaviour R6): their passes queue it again, and the cluster stays as it is. */
export async function putOff(io: Io, known: Known, record: DeliveryRecord, awaited: Awaited): Promise<Pass> {
  const pass = await log(io, { ...known, record: putOffRecord(record, awaited, io.clock.now()) }, { kind: "steady" });
  return { againAtMs: io.clock.now() + awaitedLookMs, ...pass };
}

/** The failure is on the log: now the commit that puts Git back (behaviours B1 to B3). */
async function putBack(io: Io, outcome: Outcome, decision: Extract<Decision, { kind: "rollback" }>): Promise<Pass> {
  const { record, known, found } = outcome;
  const { reason, message, to } = decision;
  const broken = io.broken();
  if (broken)
    return {
      known,
      trouble: { ...broken, message: `the rollback of ${found.application.id} waits: ${broken.message}` },
    };
  const unsigned =
    (await io.endorsements.againstRestoring(to, found.application)) ??
    (await io.signedImages.againstRestoring(to, found.application));
  if (unsigned) return log(io, { ...known, record: cannotPutBack(record, unsigned) }, { kind: "steady" });
  const request = {
    application: found.application,
    branch: io.branch,
    failing: record.revision,
    restores: to,
    reason,
    message,
    rejects: rejectedBy(record),
  };
  if (found.application.rollout.onFailure === "branch") return proposeBack(io, known, record, request);
  const result = await rollback(io.git, request);
  switch (result.kind) {
    // The commit is met at source like any other: the next pass closes this record and begins the restored revision's.
    case "pushed":
    case "fixed":
    case "moved":
      return { known, fetch: true };
    case "unreachable":
      return { known, trouble: result.problem };
    case "denied": {
      return log(io, { ...known, record: cannotPutBack(record, result.problem) }, { kind: "steady" });
    }
  }
}

/** The rollback waits on a branch for people: until they merge it the rollout stays blocked with the old pods serving. */
async function proposeBack(io: Io, known: Known, record: DeliveryRecord, request: RollbackRequest): Promise<Pass> {
  const result = await proposeRollback(io.git, request);
  switch (result.kind) {
    case "moved":
      return { known, fetch: true };
    case "unreachable":
      return { known, trouble: result.problem };
    case "denied":
      return log(io, { ...known, record: cannotPutBack(record, result.problem) }, { kind: "steady" });
    case "proposed": {
      const { branch } = result;
      const message = `${record.message}; its rollback is proposed on the branch ${branch}`;
      const blocked = held(record.reason, message, `merge ${branch}, or fix it with a new commit`);
      return log(io, { ...known, record: { ...record, ...blocked } }, { kind: "steady" });
    }
  }
}

/** The images, by digest, that came with what failed (behaviour B5); none where it is not known what ran before. */
function rejectedBy({ images, lastHealthy }: DeliveryRecord): readonly string[] {
  const before = lastHealthy?.images ?? images;
  return images.filter((image) => image.includes("@sha256:") && !before.includes(image));
}

/** Writes the record where it says something new; without Git it stays in memory and is written when Git is back. */
export async function log(io: Io, known: Known, decision: Decision): Promise<Pass> {
  const again = nextLook(io, decision);
  const { record } = known;
  if (record === undefined) return { known, ...again };
  if (sameDecision(known.logged, record)) {
    if (record.outcome !== "progressing" || record.message === known.logged?.message) return { known, ...again };
    // Those who read the log alone must see what is waited for, but not every step of the way there.
    const dueMs = (known.loggedAtMs ?? 0) + progressEveryMs;
    if (io.clock.now() < dueMs) return { known, againAtMs: Math.min(again.againAtMs ?? dueMs, dueMs) };
  }
  const written = await io.log.write({ record, atMs: io.clock.now(), files: io.logFiles(record, known.observation) });
  if (written.kind === "unreachable") return { known, ...again, trouble: written.problem };
  if (written.kind === "denied") {
    // A failure that may not be written down may not be answered by a commit either: a person must know (behaviour B7).
    const held = record.outcome === "failed" ? { ...known, record: cannotPutBack(record, written.problem) } : known;
    return { known: held, ...again, trouble: written.problem };
  }
  // A failure that is safely on the log asks for its rollback at once, a closed one for its successor.
  const due = record.outcome === "failed" || record.outcome === "rolled-back" ? { againAtMs: io.clock.now() } : again;
  return { known: { ...known, logged: record, loggedAtMs: io.clock.now() }, ...due };
}

/** Git takes no commit of ours, so the rollout stays blocked with the old pods serving (behaviour B7). */
function cannotPutBack(record: DeliveryRecord, { message, remedy }: Problem): DeliveryRecord {
  const byHand = "revert the commit by hand, or fix it with a new one";
  const todo = remedy === undefined ? byHand : `${remedy} Or ${byHand}.`;
  return { ...record, ...held(record.reason, `${record.message}; it was not rolled back: ${message}`, todo) };
}

/** A wait ends at its time, or when a watch speaks; what follows a canary is due at once. */
function nextLook(io: Io, decision: Decision): { readonly againAtMs?: number } {
  if (decision.kind === "advance") return { againAtMs: io.clock.now() };
  const isOpen = decision.kind === "wait" || decision.kind === "steady";
  return isOpen && decision.atMs !== undefined ? { againAtMs: decision.atMs } : {};
}
