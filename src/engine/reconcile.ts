import { apply } from "../apply/apply.ts";
import type { Clock } from "../io/clock/clock.ts";
import type { Git } from "../io/git/git.ts";
import type { Kube } from "../io/kube/kube.ts";
import type { DeliveryLog, LogFiles } from "../history/delivery-log.ts";
import type { Application } from "../model/application.ts";
import type { Observation } from "../model/health.ts";
import type { Problem } from "../model/problem.ts";
import type { DeliveryRecord } from "../model/record.ts";
import { decide } from "../rollout/decide.ts";
import type { FoundApplication } from "../source/deployment.ts";
import type { Answers } from "./answers.ts";
import { awaitOthers } from "./await-others.ts";
import { close, conclude, distrust, putOff, refuse } from "./conclude.ts";
import type { Desired } from "./desired.ts";
import type { Endorsements } from "./endorsed.ts";
import { takeInventory } from "./inventory.ts";
import { sooner } from "./known.ts";
import type { Known, Pass } from "./known.ts";
import { withLastWords } from "./last-words.ts";
import type { Live } from "./live.ts";
import { observePhase, planPhase } from "./live-phase.ts";
import { promoteWhenDue } from "./promotion.ts";
import { phaseOf } from "./phase.ts";
import { continueRecord, takenRecord, withReplaced } from "./records.ts";
import type { SignedImages } from "./signed-images.ts";
import { situationOf } from "./situation.ts";

/** The doors and memories that passes share; `kube` and `live` are of the cluster that the application is delivered to. */
export interface Io {
  readonly git: Git;
  readonly kube: Kube;
  readonly clock: Clock;
  readonly live: Live;
  readonly answers: Answers;
  readonly desired: Desired;
  readonly endorsements: Endorsements;
  readonly signedImages: SignedImages;
  readonly log: DeliveryLog;
  /** The tracked branch. */
  readonly branch: string;
  /** Why its newest commit is not delivered: what is written on top of that would not be either. */
  readonly broken: () => Problem | undefined;
  /** Further files for the delivery log beside a new record: the page and its data. */
  readonly logFiles: (record: DeliveryRecord, observation: Observation) => LogFiles;
  /** What is known of any application, its records newest first. */
  readonly known: (
    id: string,
  ) => { readonly application: Application; readonly records: readonly DeliveryRecord[] } | undefined;
  /** The engine's own namespace, where inventories are kept. */
  readonly namespace: string;
}

/**
 * One pass for one application: looks at what Git says and what is, does the next thing, and returns. It never waits; what
 * must be waited for comes back as an event that queues the application again. Each line is one stage of the house.
 */
export async function reconcile(io: Io, found: FoundApplication, head: string, known: Known): Promise<Pass> {
  const { application } = found;
  const revision = await io.desired.revision(found, head, known.record);
  const record = continueRecord(known.record, revision, application, io.clock.now());
  if (record.outcome === "rolled-back") return close(io, known, record);
  const desired = await io.desired.manifests(found, revision, head);
  if (!desired.ok) return refuse(io, known, record, desired.problems);
  const doubt = await io.signedImages.against(application, desired.value, record.lastHealthy);
  if (doubt) return distrust(io, known, record, doubt);
  const awaited = await awaitOthers(io, application, record, head);
  if (awaited) return putOff(io, known, record, awaited);
  const phase = await phaseOf(io, found, record, desired.value);

  const stock = await takeInventory(io, application, known, phase.manifests);
  if (!stock.ok) return stock.pass;
  const planned = planPhase(io, application, phase, stock, known, record);
  const applied = await apply(io.kube, planned.plan, { namespace: io.namespace });
  const observation = observePhase(io, application, phase, planned, applied);
  const begun = takenRecord(record, phase.canary, applied.ok, io.clock.now());
  const taken = withReplaced(begun, application.rollout, observation);
  const seen = { record: taken, desired: desired.value, phase, applied, observation };
  const decided = decide(await situationOf(io, found, seen));
  const decision = await withLastWords(io, found, taken, observation, decided);
  const pass = await conclude(io, { ...seen, found, known, plan: planned.plan, kept: stock.kept, decision });
  return promoteWhenDue(io, found, sooner(pass, planned.dueMs));
}
