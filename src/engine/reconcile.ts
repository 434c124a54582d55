import { apply } from "../apply/apply.ts";
import { readInventory, storeEntry } from "../apply/inventory-store.ts";
import { observe } from "../health/observe.ts";
import type { Clock } from "../io/clock/clock.ts";
import type { Git } from "../io/git/git.ts";
import type { Kube } from "../io/kube/kube.ts";
import type { DeliveryLog, LogFiles } from "../history/delivery-log.ts";
import type { Application } from "../model/application.ts";
import type { Problem } from "../model/problem.ts";
import type { DeliveryRecord } from "../model/record.ts";
import { entryOf } from "../model/inventory.ts";
import { postponeFlapping } from "../plan/flapping.ts";
import { gateHooks, withhold } from "../plan/gate-hooks.ts";
import { planChanges } from "../plan/plan-changes.ts";
import { decide } from "../rollout/decide.ts";
import type { FoundApplication } from "../source/deployment.ts";
import { askWhenDue } from "./ask.ts";
import { awaitOthers } from "./await-others.ts";
import { close, conclude, distrust, putOff, refuse } from "./conclude.ts";
import type { Desired } from "./desired.ts";
import type { Endorsements } from "./endorsed.ts";
import { keepInventory } from "./inventory.ts";
import { sooner } from "./known.ts";
import type { Known, Pass } from "./known.ts";
import { withLastWords } from "./last-words.ts";
import type { Live } from "./live.ts";
import { obstacleOf } from "./obstacle.ts";
import { promoteWhenDue } from "./promotion.ts";
import { judged, markLater, phaseOf } from "./phase.ts";
import { continueRecord, takenRecord } from "./records.ts";
import type { SignedImages } from "./signed-images.ts";

/** The doors and memories that passes share; `kube` and `live` are of the cluster that the application is delivered to. */
export interface Io {
  readonly git: Git;
  readonly kube: Kube;
  readonly clock: Clock;
  readonly live: Live;
  readonly desired: Desired;
  readonly endorsements: Endorsements;
  readonly signedImages: SignedImages;
  readonly log: DeliveryLog;
  /** The tracked branch. */
  readonly branch: string;
  /** Why its newest commit is not delivered: what is written on top of that would not be either. */
  readonly broken: () => Problem | undefined;
  /** Further files for the delivery log beside a new record: the page and its data. */
  readonly logFiles: (record: DeliveryRecord) => LogFiles;
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

  const inventory = known.inventory ?? (await readInventory(io.kube, io.namespace, application.id));
  const delivered = [...phase.manifests.map((one) => entryOf(one)), ...inventory.entries];
  const unwatched = await io.live.watch(delivered, [storeEntry(io.namespace, application.id)]);
  if (unwatched) return { known: { ...known, inventory }, trouble: unwatched };
  const kept = await keepInventory(io, application, known);
  if (kept.trouble) return { known, trouble: kept.trouble };
  const changes = planChanges(phase.manifests, (ref) => io.live.get(ref), inventory, known.proved, phase.later);
  const due = postponeFlapping(changes, record === known.record ? record.drift : [], io.clock.now());
  const context = { maxRestarts: application.rollout.maxRestarts, rules: application.health, nowMs: io.clock.now() };
  const { plan, withheld } = gateHooks(due.plan, phase.manifests, () =>
    observe(phase.manifests, io.live.with([]), context),
  );
  const applied = await apply(io.kube, plan, { namespace: io.namespace });
  const seen = withhold(
    observe(phase.manifests, io.live.with([...applied.objects, ...applied.stored]), context),
    withheld,
  );
  const observation = markLater(seen, phase);
  const taken = takenRecord(record, phase.canary, applied.ok, io.clock.now());
  const checks = await askWhenDue(io, found, taken, phase, observation, desired.value);
  const decided = decide({
    policy: phase.policy,
    record: taken,
    observation: judged(observation),
    canary: phase.canary,
    obstacle: obstacleOf(applied, io.live),
    checks,
    seeingSinceMs: io.live.seeingSince(),
    nowMs: io.clock.now(),
  });
  const decision = await withLastWords(io, found, taken, observation, decided);
  const outcome = { found, known, record: taken, desired: desired.value, plan, applied, kept, observation, decision };
  return promoteWhenDue(io, found, sooner(sooner(await conclude(io, outcome), due.dueMs), kept.dueMs));
}
