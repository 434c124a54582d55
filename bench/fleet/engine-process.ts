import { fork } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { UsageQuestion, Used } from "./probe.ts";

/** A decision as the engine's log tells it, with when it was heard in milliseconds since the epoch. */
interface Decided {
  readonly application: string;
  readonly revision: string;
  readonly outcome: string;
  readonly atMs: number;
}

/** `plumb engine` in a process of its own. */
export interface BenchEngine {
  usage(how: UsageQuestion["usage"]): Promise<Used>;
  /** Requests to the API server so far by verb, resource and code: "PATCH deployments 200". */
  requests(): Promise<ReadonlyMap<string, number>>;
  /** Passes so far. */
  passes(): Promise<number>;
  /** When the last of `count` applications was said to be healthy at a commit, in milliseconds since the epoch. */
  healthy(commit: string, count: number): Promise<number>;
  /** Settles once nothing waits for a pass and none is going on, `passes` of them at least having been. */
  atRest(passes?: number): Promise<void>;
  stop(): Promise<void>;
}

/** What an engine is started with. */
export interface BenchEngineOptions {
  readonly repository: string;
  readonly kubeconfig: string;
  /** Where its mirror and its log are kept. */
  readonly folder: string;
}

const plumb = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
const probe = new URL("probe.js", import.meta.url).href;
const patienceMs = 20 * 60_000;
const lookMs = 100;

/** Starts it and answers once its page is served, before it has read the repository. */
export async function startEngine({ repository, kubeconfig, folder }: BenchEngineOptions): Promise<BenchEngine> {
  const args = ["engine", "--repository", repository, "--kubeconfig", kubeconfig, "--no-events"];
  const child = fork(plumb, [...args, "--mirror", join(folder, "mirror.git")], {
    // So that `node --cpu-prof dist/bench/main.js fleet` profiles the engine as well.
    execArgv: [...process.execArgv, "--expose-gc", "--import", probe],
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  const decisions: Decided[] = [];
  const listeners = new Set<() => void>();
  const log = createWriteStream(join(folder, "engine.log"), { flags: "a" });
  createInterface({ input: child.stdout ?? process.stdin }).on("line", (line) => {
    log.write(`${line}\n`);
    const said = JSON.parse(line) as Partial<Omit<Decided, "atMs">>;
    const { application, revision, outcome } = said;
    if (application === undefined || revision === undefined || outcome === undefined) return;
    decisions.push({ application, revision, outcome, atMs: Date.now() });
    for (const look of listeners) look();
  });
  const [{ ready }] = (await once(child, "message")) as [{ readonly ready: { readonly statusUrl: string } }];
  const metrics = (name: string) => metricsAt(ready.statusUrl, name);
  const sum = async (name: string): Promise<number> => {
    return (await metrics(name)).reduce((total, [, value]) => total + value, 0);
  };
  const passes = (): Promise<number> => sum("plumbline_passes_total");
  return {
    passes,
    async usage(usage) {
      child.send({ usage } satisfies UsageQuestion);
      const [{ used }] = (await once(child, "message")) as [{ readonly used: Used }];
      return used;
    },
    async requests() {
      const counted = await metrics("plumbline_api_requests_total");
      return new Map(counted.map(([labels, count]) => [requestOf(labels), count]));
    },
    async healthy(commit, count) {
      const told = await heard(listeners, () => lastHealthy(decisions, commit, count), patienceMs);
      if (told !== undefined) return told;
      throw new Error(`${count} applications are not healthy at ${commit}; ${join(folder, "engine.log")}`);
    },
    async atRest(least = 0) {
      const isBusy = async (): Promise<boolean> => (await sum("plumbline_queue_w")) > 0 || (await passes()) < least;
      while (await isBusy()) await wait(lookMs);
    },
    async stop() {
      if (child.exitCode !== null) return;
      const ended = once(child, "exit");
      child.disconnect();
      await ended;
      log.end();
    },
  };
}

/** The metrics of a page whose names begin so, with their labels. */
async function metricsAt(statusUrl: string, name: string): Promise<readonly (readonly [string, number])[]> {
  const text = await (await fetch(new URL("metrics", statusUrl))).text();
  const lines = text.split("\n").filter((line) => line.startsWith(name));
  return lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]);
}

/** A request as its labels tell of it: "PATCH deployments 200". */
function requestOf(labels: string): string {
  const label = (name: string): string => new RegExp(`${name}="([^"]*)"`).exec(labels)?.[1] ?? "";
  return ["verb", "resource", "code"].map(label).join(" ");
}

/** When the last of `count` applications was healthy at a commit; undefined while fewer are. */
function lastHealthy(decisions: readonly Decided[], commit: string, count: number): number | undefined {
  const said = decisions.filter(({ revision, outcome }) => revision === commit && outcome === "healthy");
  const isAll = new Set(said.map(({ application }) => application)).size >= count;
  return isAll ? (said.at(-1)?.atMs ?? Date.now()) : undefined;
}

/** What `seen` answers as soon as it answers something, now or when the listeners are called; undefined after so long. */
function heard<T>(listeners: Set<() => void>, seen: () => T | undefined, forMs: number): Promise<T | undefined> {
  return new Promise((resolve) => {
    const end = (found?: T): void => {
      clearTimeout(timer);
      listeners.delete(look);
      resolve(found);
    };
    const look = (): void => {
      const found = seen();
      if (found !== undefined) end(found);
    };
    const timer = setTimeout(end, forMs);
    listeners.add(look);
    look();
  });
}
