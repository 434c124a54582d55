import { startCore } from "../../cluster/core.ts";
import type { ClusterCore } from "../../cluster/core.ts";
import { TurnedClock } from "../../cluster/turned-clock.ts";
import { seeded } from "../../src/io/clock/seeded-in-test.ts";
import type { Git } from "../../src/io/git/git.ts";
import type { Kube } from "../../src/io/kube/kube.ts";
import { coreKube } from "../cluster/core-kube.ts";
import { askService } from "../cluster/service-proxy.ts";
import { startKubelet } from "../cluster/kubelet.ts";
import { memoryGit } from "../git/memory-git.ts";
import { MemoryRemote } from "../git/memory-remote.ts";
import { logBranch } from "../../src/history/delivery-log.ts";
import type { History, Moment } from "../history/steps.ts";
import { watchBranches } from "../invariants/branches.ts";
import { sameCommits } from "../invariants/same-commit.ts";
import { watchHooks } from "../invariants/hooks.ts";
import { LeaderRule } from "../invariants/leader.ts";
import { watchObjects } from "../invariants/objects.ts";
import { watchWrites } from "../invariants/writes.ts";
import { EngineProcess } from "./engine-process.ts";
import { Weather } from "./weather.ts";

/** A whole world in one process, on a clock that is turned: a remote repository, a cluster, and engines. */
export class World {
  readonly clock = new TurnedClock();
  readonly remote = new MemoryRemote();
  readonly weather = new Weather();
  readonly core: ClusterCore;
  /** The engines' way to the API server. */
  readonly kube: Kube;
  readonly engines: readonly EngineProcess[];
  /** What must never be and was, in the order of its appearance. */
  readonly accusations: string[] = [];
  /** How often an engine asked for the remote's branches. */
  fetches = 0;
  /** What happened, for those who look into a failure. */
  readonly chronicle: string[] = [];
  readonly #startMs: number;
  readonly #awaited = new Set<{ readonly moment: Moment; readonly act: () => Promise<void> }>();

  constructor({ seed, engines }: Pick<History, "seed" | "engines">) {
    const random = seeded(seed);
    const { clock, remote, weather } = this;
    this.#startMs = clock.now();
    const number = (below: number): number => Math.floor(random() * below);
    this.core = startCore(clock, { uid: () => uidOf(number), number });
    startKubelet(this.core.client, clock, random);
    watchBranches(remote, this.accuse);
    remote.onPush((branch, id) => this.note(`${branch} is at ${id.slice(0, 8)}: ${remote.commit(id).subject}`));
    const { client } = this.core;
    const proxy = (path: string): number => askService(client, path);
    const kube = coreKube(this.core.api, { clock, delayMs: () => 5 + number(30), proxy });
    const written = watchWrites(kube, { client, clock, remote, accuse: this.accuse });
    this.kube = telling(watchHooks(written, client, remote, this.accuse), this.#happens);
    remote.onPush((branch, _, by) => {
      if (by === "engine" && (branch === logBranch || branch === "main"))
        void this.#happens(branch === "main" ? "main" : "log");
    });
    watchObjects(client, this.accuse);
    const rule = new LeaderRule(client, clock, this.accuse);
    const isElected = engines > 1;
    const sameIds = sameCommits(remote, this.accuse);
    this.engines = Array.from({ length: engines }, (_, at) => {
      const name = `engine-${at + 1}`;
      return new EngineProcess(name, isElected, {
        clock,
        random,
        weather,
        openGit: () => {
          const git = sameIds(this.#counted(memoryGit(remote)), () => void this.#happens("commit"));
          return isElected ? rule.gitOf(name, git) : git;
        },
        kube: isElected ? rule.kubeOf(name, this.kube) : this.kube,
        onDecision: ({ application, outcome, reason, message }) =>
          this.note(`${name}: ${application} ${outcome} ${reason}: ${message}`),
        onTrouble: (problem) => {
          this.note(`${name}: trouble ${problem.code}: ${problem.message}`);
          if (problem.code === "defect") this.accuse(problem.message);
        },
      });
    });
  }

  /** Calls `act` once in the middle of what an engine does next; returns a function that gives it up. */
  onNext(moment: Moment, act: () => Promise<void>): () => void {
    const waiting = { moment, act };
    this.#awaited.add(waiting);
    return () => this.#awaited.delete(waiting);
  }

  readonly #happens = async (moment: Moment): Promise<void> => {
    for (const waiting of this.#awaited) {
      if (waiting.moment !== moment) continue;
      this.#awaited.delete(waiting);
      await waiting.act();
    }
  };

  readonly accuse = (what: string): void => {
    this.note(`!! ${what}`);
    this.accusations.push(what);
  };

  note(what: string): void {
    this.chronicle.push(`${((this.clock.now() - this.#startMs) / 1000).toFixed(2).padStart(8)} s  ${what}`);
  }

  /** Makes a namespace that no application delivers. */
  async makeNamespace(name: string): Promise<void> {
    const namespaces = { group: "", resource: "namespaces" };
    await this.core.client.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  }

  #counted(git: Git): Git {
    return {
      ...git,
      fetch: (signal) => {
        this.fetches += 1;
        return git.fetch(signal);
      },
    };
  }

  stop(): void {
    for (const engine of this.engines) engine.kill();
    this.core.stop();
  }
}

/** Tells of each write that was done, before its answer is on its way, and of each deletion that is to be done. */
function telling(kube: Kube, happens: (moment: Moment) => Promise<void>): Kube {
  return {
    ...kube,
    async apply(resource, object, options) {
      const answer = await kube.apply(resource, object, options);
      const isInventory = object.metadata.name.startsWith("plumbline-inventory-");
      if (!options.dryRun && answer.ok) void happens(isInventory ? "inventory" : "write");
      return answer;
    },
    async delete(...args) {
      await happens("deleting");
      const answer = await kube.delete(...args);
      if (answer.ok) void happens("delete");
      return answer;
    },
  };
}

function uidOf(number: (below: number) => number): string {
  const hex = Array.from({ length: 32 }, () => number(16).toString(16)).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
