import type { Clock } from "../io/clock/clock.ts";
import type { Git } from "../io/git/git.ts";
import type { Kube } from "../io/kube/kube.ts";
import { deliveryLog } from "../history/delivery-log.ts";
import type { DeliveryLog } from "../history/delivery-log.ts";
import { applicationLabelKey } from "../model/application.ts";
import type { KubeObject } from "../model/kube-object.ts";
import type { Problem } from "../model/problem.ts";
import { ProblemError } from "../model/problem.ts";
import type { DeliveryRecord } from "../model/record.ts";
import { readDeployment } from "../source/deployment.ts";
import type { FoundApplication } from "../source/deployment.ts";
import { nothingKnown } from "./known.ts";
import type { Known, Pass } from "./known.ts";
import { Desired } from "./desired.ts";
import { Live } from "./live.ts";
import { Queue } from "./queue.ts";
import { reconcile } from "./reconcile.ts";
import type { Io } from "./reconcile.ts";
import type { Repository, Snapshot } from "./snapshot.ts";

/** What an engine is made of. Times are milliseconds. */
export interface EngineOptions {
  readonly git: Git;
  readonly kube: Kube;
  readonly clock: Clock;
  /** From 0 up to but not 1; spreads polls and retries. */
  readonly random: () => number;
  /** The tracked branch; default main. */
  readonly branch?: string;
  /** How often the remote is asked when nothing says that it was pushed to; default 30 s. */
  readonly pollMs?: number;
  /** The engine's own namespace; default plumbline-system. */
  readonly namespace?: string;
  /** How many applications are worked on at once; default 8. */
  readonly parallel?: number;
  /** Further files for the delivery log, from what the engine knows: the page and its data. */
  readonly logFiles?: (snapshot: Snapshot) => ReadonlyMap<string, string | Buffer>;
  /** Something of the snapshot has changed. */
  readonly onChange?: () => void;
  /** A new decision, for the log of the process. */
  readonly onDecision?: (record: DeliveryRecord) => void;
  readonly onTrouble?: (what: string, problem: Problem) => void;
}

interface Slot {
  found: FoundApplication;
  known: Known;
  history: readonly DeliveryRecord[];
  /** Passes in a row that were kept from their work. */
  failures: number;
}

const historyKept = 20;
const longestRetryMs = 60_000;

/** The engine: Git and the watches say when to look, the queue sees to it that each application is looked at once. */
export class Engine {
  readonly #options: EngineOptions;
  readonly #io: Io;
  readonly #queue: Queue;
  readonly #log: DeliveryLog;
  readonly #slots = new Map<string, Slot>();
  readonly #byNamespace = new Map<string, Set<string>>();
  #repository: Repository;
  #head: string | undefined;
  #fetching: Promise<void> | undefined;
  #fetchAgain = false;
  #cancelPoll = (): void => {};
  #endWatch = (): void => {};
  #stopped = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    const { git, kube, clock, branch = "main" } = options;
    this.#log = deliveryLog(git);
    this.#repository = { url: git.url, branch, reachable: true };
    this.#queue = new Queue(clock, options.parallel ?? 8, (id) => this.#pass(id));
    this.#io = {
      git,
      kube,
      clock,
      branch,
      desired: new Desired(git),
      live: new Live(kube, clock, (object) => this.#changed(object)),
      log: this.#log,
      namespace: options.namespace ?? "plumbline-system",
      logFiles: (record) => options.logFiles?.(this.snapshot(record)) ?? new Map(),
    };
  }

  /** Fetches for the first time and begins; Git that cannot be reached is tried again like at any other time. */
  async start(): Promise<void> {
    this.#endWatch = this.#options.git.onLocalPush(() => void this.refresh());
    await this.refresh();
  }

  /** Lets running passes end, and stops. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#endWatch();
    this.#cancelPoll();
    this.#io.live.close();
    await this.#fetching;
    await this.#queue.stop();
  }

  /** What the engine knows now, of all applications in the order of their ids; `newer` replaces the record it is of. */
  snapshot(newer?: DeliveryRecord): Snapshot {
    const applications = [...this.#slots.values()].flatMap(({ found, known, history }) => {
      const record = newer?.application === found.application.id ? newer : known.record;
      const { application } = found;
      return record
        ? [{ application, record, observation: known.observation, history: withNewest(history, record) }]
        : [];
    });
    return {
      repository: this.#repository,
      applications: applications.toSorted((a, b) => (a.application.id < b.application.id ? -1 : 1)),
    };
  }

  /** Brings the remote's branches here and queues what they change. Calls during a fetch lead to one more. */
  refresh(): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    if (this.#fetching) {
      this.#fetchAgain = true;
      return this.#fetching;
    }
    this.#fetching = this.#fetchOnce().finally(() => {
      this.#fetching = undefined;
      if (this.#fetchAgain) {
        this.#fetchAgain = false;
        void this.refresh();
      }
    });
    return this.#fetching;
  }

  async #fetchOnce(): Promise<void> {
    const { git, clock, random, pollMs = 30_000 } = this.#options;
    this.#cancelPoll();
    try {
      const result = await git.fetch();
      const { trouble: _, ...repository } = this.#repository;
      this.#repository = result.ok
        ? { ...repository, reachable: true, fetchedAt: new Date(clock.now()).toISOString() }
        : { ...repository, reachable: false, trouble: result.problem };
      if (!result.ok) this.#options.onTrouble?.("fetch", result.problem);
      await this.#read();
    } catch (error) {
      this.#options.onTrouble?.("fetch", problemOf(error));
    }
    this.#cancelPoll = clock.at(clock.now() + pollMs * (0.9 + 0.2 * random()), () => void this.refresh());
    this.#options.onChange?.();
  }

  /** Reads the newest commit, and queues the applications that it changes (their tree, or their configuration). */
  async #read(): Promise<void> {
    const { git } = this.#options;
    const head = await git.branch(this.#io.branch);
    if (head === undefined) {
      this.#repository = { ...this.#repository, trouble: noBranch(this.#io.branch, git.url) };
      return;
    }
    if (head === this.#head) return;
    this.#repository = { ...this.#repository, commit: head };
    const deployment = await readDeployment(git, head);
    if (!deployment.ok) {
      const [first] = deployment.problems;
      if (first) this.#repository = { ...this.#repository, trouble: first };
      if (first) this.#options.onTrouble?.("delivery.yaml", first);
      this.#head = head;
      return;
    }
    const { trouble: _, ...repository } = this.#repository;
    this.#repository = repository;
    const changed: string[] = [];
    for (const found of deployment.value.applications) if (await this.#place(found)) changed.push(found.application.id);
    this.#head = head;
    for (const id of changed) this.#queue.add(id);
  }

  /** Takes what Git says of an application; false when it says what it said before (behaviour D7). */
  async #place(found: FoundApplication): Promise<boolean> {
    const { id, namespace } = found.application;
    const slot = this.#slots.get(id);
    if (slot) {
      const before = slot.found;
      slot.found = found;
      return JSON.stringify(before) !== JSON.stringify(found);
    }
    const history = await this.#log.readHistory(id, historyKept);
    const record = await this.#log.readRecord(id);
    const known = record ? { ...nothingKnown, record, logged: record } : nothingKnown;
    this.#slots.set(id, { found, known, history, failures: 0 });
    this.#byNamespace.set(namespace, (this.#byNamespace.get(namespace) ?? new Set()).add(id));
    return true;
  }

  async #pass(id: string): Promise<void> {
    const slot = this.#slots.get(id);
    if (!slot || this.#head === undefined || this.#stopped) return;
    const pass = await reconcile(this.#io, slot.found, this.#head, slot.known).catch((error: unknown): Pass => ({
      known: slot.known,
      trouble: problemOf(error),
    }));
    const { clock, random } = this.#options;
    const { record } = pass.known;
    if (record) slot.history = withNewest(slot.history, record);
    if (record && record.message !== slot.known.record?.message) this.#options.onDecision?.(record);
    slot.known = pass.known;
    slot.failures = pass.trouble ? slot.failures + 1 : 0;
    if (pass.againAtMs !== undefined) this.#queue.addAt(id, pass.againAtMs);
    if (pass.trouble) {
      this.#options.onTrouble?.(id, pass.trouble);
      const delayMs = Math.min(longestRetryMs, 500 * 2 ** slot.failures) * (0.5 + 0.5 * random());
      this.#queue.addAt(id, clock.now() + delayMs);
    }
    if (pass.fetch === true) {
      await this.refresh();
      this.#queue.add(id);
    }
    this.#options.onChange?.();
  }

  /** A watch spoke: of an object with our label, or of a pod or ReplicaSet in a namespace of ours. */
  #changed(object: KubeObject): void {
    const label = object.metadata.labels?.[applicationLabelKey];
    if (label !== undefined) {
      this.#queue.add(label.replace(".", "/"));
      return;
    }
    for (const id of this.#byNamespace.get(object.metadata.namespace ?? "") ?? []) this.#queue.add(id);
  }
}

/** A history whose newest entry is `record`: the same delivery is brought up to date, a new one goes in front. */
function withNewest(history: readonly DeliveryRecord[], record: DeliveryRecord): readonly DeliveryRecord[] {
  const [newest, ...older] = history;
  const same = newest?.startedAt === record.startedAt && newest.revision.tree === record.revision.tree;
  return [record, ...(same ? older : history)].slice(0, historyKept);
}

function noBranch(branch: string, url: string): Problem {
  return {
    code: "branch-not-found",
    message: `the repository ${url} has no branch ${branch} yet`,
    remedy: "push it, or name another branch with --branch",
  };
}

function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: "defect", message: `a defect of Plumbline: ${detail}` };
}
