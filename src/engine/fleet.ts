import type { DeliveryLog } from "../history/delivery-log.ts";
import type { Application } from "../model/application.ts";
import { applicationLabelKey } from "../model/application.ts";
import type { Observation } from "../model/health.ts";
import type { Inventory } from "../model/inventory.ts";
import type { KubeObject } from "../model/kube-object.ts";
import type { Problem } from "../model/problem.ts";
import type { DeliveryRecord } from "../model/record.ts";
import type { Deployment, FoundApplication } from "../source/deployment.ts";
import { defaultPolicy } from "../source/policy.ts";
import { nothingKnown } from "./known.ts";
import type { Known } from "./known.ts";
import type { ApplicationSnapshot } from "./snapshot.ts";

/** One application: what Git says of it, and what the engine remembers of it from pass to pass. */
export interface Slot {
  found: FoundApplication;
  /** Git no longer has it. */
  isGone: boolean;
  known: Known;
  /** What has come to be wrong in what is known. The next pass begins with it, since one may be in the middle of its way. */
  amendments: readonly Amendment[];
  /** Newest first. */
  history: readonly DeliveryRecord[];
  /** Passes in a row that were kept from their work, and by what. */
  failures: number;
  trouble?: Problem | undefined;
}

type Amendment = (known: Known) => Known;

const historyKept = 20;

function withoutLogged(all: Known): Known {
  const { logged: _, loggedAtMs: __, ...known } = all;
  return known;
}

/** What is known of one cluster says nothing of another. */
function withoutCluster(all: Known): Known {
  const { inventory: _, ...known } = all;
  return { ...known, proved: nothingKnown.proved, observation: nothingKnown.observation };
}

/** Every application of the repository, and those that it had and that may still have something in the cluster. */
export class Fleet {
  readonly #log: DeliveryLog;
  readonly #slots = new Map<string, Slot>();
  /** Records on their way to the delivery log, whose passes have not ended yet. */
  readonly #deciding = new Map<string, Pick<ApplicationSnapshot, "record" | "observation">>();
  #isFirst = true;

  constructor(log: DeliveryLog) {
    this.#log = log;
  }

  get(id: string): Slot | undefined {
    return this.#slots.get(id);
  }

  forget(id: string): void {
    this.#slots.delete(id);
  }

  /** Takes what Git says now, and answers of which applications it says something new (behaviour D7). */
  async take({ applications }: Deployment): Promise<readonly string[]> {
    const present = new Set(applications.map(({ application }) => application.id));
    // An engine that starts learns from the delivery log what there was before.
    const recorded = this.#isFirst ? await this.#log.readRecords() : new Map<string, DeliveryRecord>();
    const left = [...recorded.values()].filter((record) => !present.has(record.application) && !isEmpty(record));
    const gone = left.map(foundOnLog);
    const remembered = await this.#remember([...applications, ...gone], recorded);
    const changed = applications.filter((found) => this.#place(found, false, remembered));
    for (const found of gone) this.#place(found, true, remembered);
    this.#isFirst = false;
    const vanished = [...this.#slots].filter(([id]) => !present.has(id));
    for (const [, slot] of vanished) slot.isGone = true;
    return [...changed.map(({ application }) => application.id), ...vanished.map(([id]) => id)];
  }

  /** Takes what the cluster says was delivered and neither Git nor the delivery log knows; answers of which applications. */
  async takeLeft(inventories: readonly Inventory[]): Promise<readonly string[]> {
    const left = inventories.filter(({ entries }) => entries.length > 0).map(foundInCluster);
    const remembered = await this.#remember(left, new Map());
    // Git may have brought one of them meanwhile.
    const gone = left.filter(({ application }) => !this.#slots.has(application.id));
    for (const found of gone) this.#place(found, true, remembered);
    return gone.map(({ application }) => application.id);
  }

  /** The applications that a change of a live object concerns: its owner, or all that deliver to its namespace. */
  concernedBy(object: KubeObject): readonly string[] {
    const label = object.metadata.labels?.[applicationLabelKey];
    if (label !== undefined) return [label.replace(".", "/")];
    const { namespace } = object.metadata;
    return [...this.#slots.values()]
      .map(({ found }) => found.application)
      .filter((one) => one.namespace === namespace)
      .map(({ id }) => id);
  }

  /** What is known of one application, its records newest first. */
  known(id: string): { readonly application: Application; readonly records: readonly DeliveryRecord[] } | undefined {
    const slot = this.#slots.get(id);
    return slot && { application: slot.found.application, records: slot.history };
  }

  /** The applications that take their images from this one. */
  promotedFrom(id: string): readonly string[] {
    const all = [...this.#slots.values()].map(({ found }) => found.application);
    return all.filter(({ promotion, name }) => promotion && `${promotion.from}/${name}` === id).map((one) => one.id);
  }

  /** The applications that come after this one (behaviour R6). */
  awaiting(id: string): readonly string[] {
    const all = [...this.#slots.values()].map(({ found }) => found.application);
    return all.filter(({ after }) => after.includes(id)).map((one) => one.id);
  }

  /** Notes a record that is being written, with what was seen: what is written beside others at the same time must know of it. */
  decide(record: DeliveryRecord, observation: Observation): void {
    this.#deciding.set(record.application, { record, observation });
  }

  /** Looks for what was written to the delivery log and is not there any more. Answers of which applications it was. */
  async unlogged(): Promise<readonly string[]> {
    const ids: string[] = [];
    for (const [id, slot] of this.#slots) {
      if (!slot.known.logged || (await this.#log.says(slot.known.logged))) continue;
      slot.amendments = [...slot.amendments, withoutLogged];
      ids.push(id);
    }
    return ids;
  }

  /** What a pass begins with. */
  begin(slot: Slot): Known {
    slot.known = slot.amendments.reduce((known, amend) => amend(known), slot.known);
    slot.amendments = [];
    return slot.known;
  }

  /** What there is to show, in the order of ids. */
  snapshots(): readonly ApplicationSnapshot[] {
    const snapshots = [...this.#slots.values()].flatMap(({ found, known, history }) => {
      const { record, observation } = this.#deciding.get(found.application.id) ?? known;
      const { application } = found;
      return record ? [{ application, record, observation, history: withNewest(history, record) }] : [];
    });
    return snapshots.toSorted((a, b) => (a.application.id < b.application.id ? -1 : 1));
  }

  /** What keeps an application from being worked on, of the first that has trouble. */
  trouble(): Problem | undefined {
    const troubled = [...this.#slots].filter(([, { trouble }]) => trouble).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return troubled[0]?.[1].trouble;
  }

  /** Takes what a pass left behind. */
  keep(slot: Slot, known: Known, trouble: Problem | undefined): void {
    if (known.record) slot.history = withNewest(slot.history, known.record);
    slot.known = known;
    this.#deciding.delete(slot.found.application.id);
    slot.trouble = trouble;
    slot.failures = trouble ? slot.failures + 1 : 0;
  }

  /** What the delivery log knows of those that are new here, by their ids; `recorded` are the newest records that were read already. */
  async #remember(
    applications: readonly FoundApplication[],
    recorded: ReadonlyMap<string, DeliveryRecord>,
  ): Promise<ReadonlyMap<string, readonly DeliveryRecord[]>> {
    const unknown = applications.map(({ application }) => application.id).filter((id) => !this.#slots.has(id));
    if (unknown.length === 0) return new Map();
    const histories = await this.#log.readHistories(unknown, historyKept);
    return new Map(
      unknown.map((id) => {
        const [history, record] = [histories.get(id) ?? [], recorded.get(id)];
        return [id, record ? withNewest(history, record) : history];
      }),
    );
  }

  #place(
    found: FoundApplication,
    isGone: boolean,
    remembered: ReadonlyMap<string, readonly DeliveryRecord[]>,
  ): boolean {
    const { id } = found.application;
    const slot = this.#slots.get(id);
    if (slot) {
      const isSame = !slot.isGone && JSON.stringify(slot.found) === JSON.stringify(found);
      const isElsewhere = slot.found.application.cluster !== found.application.cluster;
      if (isElsewhere) slot.amendments = [...slot.amendments, withoutCluster];
      slot.found = found;
      slot.isGone = isGone;
      return !isSame;
    }
    const history = remembered.get(id) ?? [];
    const [record] = history;
    const known = record ? { ...nothingKnown, record, logged: record } : nothingKnown;
    this.#slots.set(id, { found, isGone, known, amendments: [], history, failures: 0 });
    return true;
  }
}

/** True when the last delivery, which Git said was meant, left nothing of the application in the cluster. */
function isEmpty({ outcome, health }: DeliveryRecord): boolean {
  return outcome === "healthy" && health.length === 0;
}

/** An application as its record tells: enough to say what became of it, and never enough to deliver it. */
function foundOnLog({ application: id, environment, namespace, cluster }: DeliveryRecord): FoundApplication {
  return gone({ id, environment, namespace, ...(cluster === undefined ? {} : { cluster }) });
}

/** An application as its inventory tells. */
function foundInCluster({ application: id, entries }: Inventory): FoundApplication {
  const [environment = ""] = id.split("/");
  return gone({ id, environment, namespace: entries.find(({ namespace }) => namespace !== "")?.namespace ?? "" });
}

function gone({
  id,
  environment,
  namespace,
  cluster,
}: Pick<Application, "id" | "environment" | "namespace" | "cluster">): FoundApplication {
  const application: Application = {
    id,
    name: id.slice(environment.length + 1),
    environment,
    path: id,
    ...(cluster === undefined ? {} : { cluster }),
    namespace,
    allowClusterKinds: [],
    rollout: defaultPolicy,
    health: [],
    after: [],
    allowEmpty: false,
  };
  return { application, tree: undefined, problems: [] };
}

/** A history whose newest entry is `record`: the same delivery is brought up to date, a new one goes in front. */
function withNewest(history: readonly DeliveryRecord[], record: DeliveryRecord): readonly DeliveryRecord[] {
  const [newest, ...older] = history;
  const same = newest?.startedAt === record.startedAt && newest.revision.tree === record.revision.tree;
  return [record, ...(same ? older : history)].slice(0, historyKept);
}
