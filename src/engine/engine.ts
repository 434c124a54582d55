import { readInventories } from "../apply/inventory-store.ts";
import type { Clock } from "../io/clock/clock.ts";
import type { Git } from "../io/git/git.ts";
import type { Kube } from "../io/kube/kube.ts";
import { deliveryLog, logBranch } from "../history/delivery-log.ts";
import type { LogFiles } from "../history/delivery-log.ts";
import type { Application } from "../model/application.ts";
import { backOffMs } from "../model/back-off.ts";
import type { KubeObject } from "../model/kube-object.ts";
import type { ObjectRef } from "../model/object-ref.ts";
import type { Problem } from "../model/problem.ts";
import { formatProblem, ProblemError } from "../model/problem.ts";
import type { DeliveryRecord } from "../model/record.ts";
import { render } from "../render/render.ts";
import type { RenderAside } from "../render/render.ts";
import { Answers } from "./answers.ts";
import { Desired } from "./desired.ts";
import { Endorsements, noTrust } from "./endorsed.ts";
import type { Trust } from "./endorsed.ts";
import { Fleet } from "./fleet.ts";
import { letGo } from "./gone.ts";
import type { Pass } from "./known.ts";
import { Live } from "./live.ts";
import type { WatchScope } from "./live.ts";
import { Queue } from "./queue.ts";
import { reconcile } from "./reconcile.ts";
import type { Io } from "./reconcile.ts";
import { SignedImages } from "./signed-images.ts";
import type { ImageTrust } from "./signed-images.ts";
import type { Snapshot } from "./snapshot.ts";
import { problemOf, TrackedBranch } from "./tracked-branch.ts";

/** What an engine is made of. Times are milliseconds. */
export interface EngineOptions {
  readonly git: Git;
  /** The cluster of environments that name none. */
  readonly kube: Kube;
  /** Opens the cluster that an environment names; it is closed with the engine. Without it such environments are in trouble. */
  readonly openCluster?: (name: string) => Promise<Kube>;
  /** Where to watch for live objects; default all namespaces at once. */
  readonly watchScope?: WatchScope;
  readonly clock: Clock;
  /** From 0 up to but not 1; spreads polls and retries. */
  readonly random: () => number;
  /** The tracked branch; default main. */
  readonly branch?: string;
  /** How often the remote is asked when nothing says that it was pushed to; default 30 s. */
  readonly pollMs?: number;
  /** The engine's own namespace; default plumbline-system. */
  readonly namespace?: string;
  /** Renders elsewhere what would keep this process from everything else; default here. */
  readonly render?: RenderAside;
  /** Whose signatures count, and whether they must be there; default nobody's, and only where Git asks for them. */
  readonly trust?: Trust;
  /** Whose signatures of images count, and where they are; default nobody's. */
  readonly imageTrust?: ImageTrust;
  /** How many applications are worked on at once; default 8. */
  readonly parallel?: number;
  /** Further files for the delivery log, from what the engine knows, at a decision on `id`: the page and its data. */
  readonly logFiles?: (snapshot: Snapshot, id?: string) => LogFiles;
  /** Something of the snapshot has changed. */
  readonly onChange?: () => void;
  /** A new decision, for the log of the process. */
  readonly onDecision?: (record: DeliveryRecord) => void;
  /** After each pass, the records of its application, newest first. */
  readonly onPass?: (application: string, history: readonly DeliveryRecord[]) => void;
  /** Does the work of a pass, of which `record` is where it begins; for measures and traces. */
  readonly aroundPass?: (pass: PassStart, work: () => Promise<Pass>) => Promise<Pass>;
  /** `what` is an application, of which `record` tells, or something that belongs to none. */
  readonly onTrouble?: (what: string, problem: Problem, record?: DeliveryRecord) => void;
}

/** What a pass begins with. */
export interface PassStart {
  readonly application: string;
  /** The newest record, before the first pass of a new revision that of the one before. */
  readonly record: DeliveryRecord | undefined;
}

/** A cluster as seen from outside of passes. */
export interface ClusterView {
  readonly kube: Kube;
  /** What the watches say is live. */
  readonly object: (ref: ObjectRef) => KubeObject | undefined;
}

const firstRetryMs = 500;
const longestRetryMs = 60_000;

function unknownCluster(cluster: string, environment: string): Problem {
  return {
    code: "cluster-unknown",
    message: `environment ${environment} is delivered to the cluster ${cluster}, which this engine does not know`,
    where: { file: "delivery.yaml" },
    remedy: `start the engine with --clusters and a kubeconfig that has a context ${cluster}`,
  };
}

/** What those that come after an application go by: where its delivery stands, and of which revision. */
function standing(record: DeliveryRecord | undefined): string {
  return `${record?.outcome} ${record?.revision.commit} ${record?.revision.tree} ${record?.lastHealthy?.healthyAt}`;
}

/** What those that take their images from an application go by: what was healthy there last, and whether it still is. */
function offered(record: DeliveryRecord | undefined): string {
  return `${record?.lastHealthy?.healthyAt} ${record?.outcome === "healthy" && record.degradedSince === undefined}`;
}

/** The engine: Git and the watches say when to look, the queue sees to it that each application is looked at once. */
export class Engine {
  readonly #options: EngineOptions;
  readonly #io: Io;
  /** Those of other clusters by their name. */
  readonly #others = new Map<string, Io>();
  readonly #queue: Queue;
  readonly #fleet: Fleet;
  readonly #branch: TrackedBranch;
  /** The delivery log says that the repository is in trouble. */
  #complained = false;
  #stopped = false;
  /** Set once it has been looked for what the cluster alone knows of. */
  #stopLooking: (() => void) | undefined;

  constructor(options: EngineOptions) {
    this.#options = options;
    const { git, kube, clock, random, branch = "main", pollMs = 30_000 } = options;
    const renders: RenderAside =
      options.render ?? ((objects, content, application) => render(objects, content, application));
    const log = deliveryLog(git);
    const endorsements = new Endorsements(git, options.trust ?? noTrust);
    this.#fleet = new Fleet(log);
    this.#queue = new Queue(clock, options.parallel ?? 8, (id) => this.#pass(id));
    this.#branch = new TrackedBranch({
      git,
      clock,
      random,
      branch,
      pollMs,
      onDeployment: async (deployment) => {
        for (const id of await this.#fleet.take(deployment)) this.#queue.add(id);
        if (this.#stopLooking === undefined) void this.#lookForLeft();
      },
      onTrouble: (problem) => this.#tell(problem),
      onFetched: () => {
        void this.#restoreLog();
        options.onChange?.();
      },
    });
    this.#io = {
      git,
      kube,
      clock,
      branch,
      broken: () => this.#branch.broken,
      desired: new Desired(git, endorsements, (objects, content, application) =>
        renders(objects, content, application, (wait) => this.#queue.aside(application.id, wait)),
      ),
      endorsements,
      signedImages: new SignedImages(options.imageTrust, clock),
      live: this.#watch(kube),
      answers: new Answers(clock, (id) => this.#queue.add(id)),
      log,
      known: (id) => this.#fleet.known(id),
      namespace: options.namespace ?? "plumbline-system",
      logFiles: (record, observation) => {
        this.#fleet.decide(record, observation);
        return options.logFiles?.(this.snapshot(), record.application) ?? new Map();
      },
    };
  }

  /** Fetches for the first time and begins; Git that cannot be reached is tried again like at any other time. */
  start(): Promise<void> {
    return this.#branch.start();
  }

  /** Lets running passes end, and stops. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopLooking?.();
    for (const { live } of [this.#io, ...this.#others.values()]) live.close();
    await this.#branch.stop();
    await this.#queue.stop();
    for (const { kube } of this.#others.values()) kube.close();
  }

  /** What the engine knows now, of all applications in the order of their ids. */
  snapshot(): Snapshot {
    const { repository } = this.#branch;
    const trouble = repository.trouble ?? this.#fleet.trouble();
    return {
      repository: trouble ? { ...repository, trouble } : repository,
      applications: this.#fleet.snapshots(),
    };
  }

  /** How many applications wait for a pass, and how many are in one. */
  load(): { readonly waiting: number; readonly working: number } {
    return this.#queue.load();
  }

  /** The cluster that an application is delivered to; undefined where neither is known yet. */
  clusterOf(id: string): ClusterView | undefined {
    const slot = this.#fleet.get(id);
    const cluster = slot?.found.application.cluster;
    const io = cluster === undefined ? this.#io : this.#others.get(cluster);
    return slot && io && { kube: io.kube, object: (ref) => io.live.get(ref) };
  }

  /** Brings the remote's branches here and queues what they change. */
  refresh(): Promise<void> {
    return this.#branch.refresh();
  }

  async #pass(id: string): Promise<void> {
    const slot = this.#fleet.get(id);
    const { head } = this.#branch;
    if (!slot || head === undefined || this.#stopped) return;
    const { application } = slot.found;
    const known = this.#fleet.begin(slot);
    const work = async (): Promise<Pass> => {
      const io = await this.#ioOf(application);
      return slot.isGone ? letGo(io, application, head, known) : reconcile(io, slot.found, head, known);
    };
    const { aroundPass = (_, work) => work() } = this.#options;
    const begun = { application: id, record: known.record };
    const pass = await aroundPass(begun, () =>
      work().catch((error: unknown): Pass => ({ known, trouble: problemOf(error) })),
    );
    const { record } = pass.known;
    const said = (one: DeliveryRecord | undefined): string =>
      `${one?.delivery} ${one?.message} ${one?.promotion?.message}`;
    if (record && said(record) !== said(known.record)) this.#options.onDecision?.(record);
    const offer = offered(known.record);
    const stood = standing(known.record);
    this.#fleet.keep(slot, pass.known, pass.trouble);
    if (offered(record) !== offer) for (const next of this.#fleet.promotedFrom(id)) this.#queue.add(next);
    if (standing(record) !== stood) for (const next of this.#fleet.awaiting(id)) this.#queue.add(next);
    this.#options.onPass?.(id, slot.history);
    if (pass.gone === true && slot.isGone) this.#fleet.forget(id);
    await this.#again(id, pass, slot.failures);
    this.#options.onChange?.();
  }

  /** What a pass works with, in the cluster that the application is delivered to. */
  async #ioOf({ cluster, environment }: Application): Promise<Io> {
    if (cluster === undefined) return this.#io;
    const known = this.#others.get(cluster);
    if (known) return known;
    const kube = await this.#options.openCluster?.(cluster);
    if (!kube) throw new ProblemError(unknownCluster(cluster, environment));
    // Another pass may have opened it meanwhile.
    const other = this.#others.get(cluster) ?? { ...this.#io, kube, live: this.#watch(kube) };
    if (other.kube !== kube) kube.close();
    this.#others.set(cluster, other);
    return other;
  }

  #watch(kube: Kube): Live {
    const { clock, watchScope } = this.#options;
    return new Live(kube, clock, (object) => this.#changed(object), watchScope);
  }

  /** Sees to it that the application is looked at again when the pass says so. */
  async #again(id: string, pass: Pass, failures: number): Promise<void> {
    const { clock, random, onTrouble } = this.#options;
    if (pass.againAtMs !== undefined) this.#queue.addAt(id, pass.againAtMs);
    if (pass.trouble) {
      onTrouble?.(id, pass.trouble, pass.known.record);
      this.#queue.addAt(id, clock.now() + backOffMs(failures, firstRetryMs, longestRetryMs, random));
    }
    if (pass.fetch === true) {
      await this.refresh();
      this.#queue.add(id);
    }
  }

  /** Somebody else moved or deleted the branch of the delivery log: what it said last is known here, and is written again. */
  async #restoreLog(): Promise<void> {
    if (!this.#branch.repository.reachable || !(await this.#io.log.hasStrayed())) return;
    for (const id of await this.#fleet.unlogged()) this.#queue.add(id);
  }

  /**
   * An engine that starts learns from the delivery log what there was before; where somebody deleted that, the inventories in
   * the cluster still tell (behaviour O1).
   */
  async #lookForLeft(): Promise<void> {
    const { kube, clock, namespace } = this.#io;
    this.#stopLooking = () => undefined;
    try {
      for (const id of await this.#fleet.takeLeft(await readInventories(kube, namespace))) this.#queue.add(id);
    } catch (error) {
      // What is wrong with the cluster the passes say.
      if (!(error instanceof ProblemError)) this.#options.onTrouble?.("inventories", problemOf(error));
      if (!this.#stopped) this.#stopLooking = clock.at(clock.now() + longestRetryMs, () => void this.#lookForLeft());
    }
  }

  #changed(object: KubeObject): void {
    for (const id of this.#fleet.concernedBy(object)) this.#queue.add(id);
  }

  /** Trouble of the repository as a whole belongs to no application's record, but those who read the log must see it. */
  async #tell(problem: Problem | undefined): Promise<void> {
    const { logFiles, onTrouble, clock } = this.#options;
    if (problem) onTrouble?.("repository", problem);
    const files = logFiles?.(this.snapshot());
    // A complaint begins no log where nothing was ever delivered, and without the remote no log can be written.
    const isNews = problem !== undefined || this.#complained;
    const isLogged =
      isNews && files && this.#branch.repository.reachable && (await this.#io.git.branch(logBranch)) !== undefined;
    if (!isLogged) return;
    this.#complained = problem !== undefined;
    const message = problem
      ? `the repository cannot be delivered: ${formatProblem(problem)}`
      : "the repository is in order again";
    const written = await this.#io.log
      .note({ message, atMs: clock.now(), files })
      // Whoever cannot even complain goes on: the mirror that fails here is made anew by a later fetch.
      .catch((error: unknown) => ({ kind: "unreachable" as const, problem: problemOf(error) }));
    if (written.kind === "denied" || written.kind === "unreachable") onTrouble?.("delivery log", written.problem);
  }
}
