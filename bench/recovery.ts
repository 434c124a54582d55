import { execFile, fork } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { DrillFiles } from "../drills/drill.ts";
import { Engine } from "../src/engine/engine.ts";
import { systemClock } from "../src/io/clock/clock.ts";
import { openMirror } from "../src/io/git/mirror.ts";
import { HttpsKube } from "../src/io/kube/https-kube.ts";
import { kubeconfigAccess } from "../src/io/kube/kubeconfig.ts";
import type { DeliveryRecord } from "../src/model/record.ts";
import { atMost, type Figure } from "./measure.ts";
import { isRolledOut, metricsManifest, scenarios, soakMs } from "./recovery-scenarios.ts";
import type { Scenario, Seen } from "./recovery-scenarios.ts";

const run = promisify(execFile);
const plumb = fileURLToPath(new URL("../src/cli/main.js", import.meta.url));
/** How much later than the cluster allows a failure may be said, and undone. */
const aimSeconds = 2;
const patienceMs = 180_000;

/** A cluster that is not ours, and the program that brings an OCI layout folder's images to it. */
export interface OtherCluster {
  readonly kubeconfig?: string | undefined;
  readonly publish?: string | undefined;
}

/**
 * M7: from the commit until a failure is said, and until the state before it is healthy again, each beside what the cluster
 * itself took in the same run by its own watch events: the difference is the engine's.
 */
export async function recoveryBounds({ kubeconfig, publish }: OtherCluster): Promise<readonly Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), "plumb-recovery-"));
  const ends: (() => unknown)[] = [() => rm(folder, { recursive: true, force: true, maxRetries: 5 })];
  try {
    const manifest = await releaseBackend(folder);
    const layout = join(folder, "images");
    if (publish !== undefined) {
      const [program = "", ...args] = publish.split(" ");
      await run(program, [...args, layout]);
    }
    const path = kubeconfig ?? (await startEmbedded(folder, layout, ends));
    const access = await kubeconfigAccess({ path, clock: systemClock });
    if (!access.ok) throw new Error(access.problems[0]?.message);
    const kube = new HttpsKube({ access: access.value, clock: systemClock, random: Math.random });
    ends.push(() => kube.close());
    const bench = await Bench.open(folder, kube, manifest);
    ends.push(() => bench.end());
    const figures: Figure[] = [];
    for (const scenario of bench.scenarios) figures.push(...(await bench.measure(scenario)));
    return figures;
  } finally {
    for (const end of ends.toReversed()) await end();
  }
}

/** One engine, one repository, one application a scenario. */
class Bench {
  readonly scenarios: readonly Scenario[];
  readonly #kube: HttpsKube;
  readonly #copy: string;
  readonly #files: DrillFiles;
  readonly #stop = new AbortController();
  readonly #listeners = new Set<() => void>();
  readonly #decisions: { readonly record: DeliveryRecord; readonly atMs: number }[] = [];
  readonly #seen: Seen[] = [];
  #engine: Engine | undefined;

  private constructor(kube: HttpsKube, copy: string, manifest: string) {
    this.#kube = kube;
    this.#copy = copy;
    this.#files = new Map([["backend.yaml", manifest]]);
    this.scenarios = scenarios("http://metrics.recovery-metric:9090");
  }

  /** Delivers every application, and waits until all are healthy. */
  static async open(folder: string, kube: HttpsKube, manifest: string): Promise<Bench> {
    const [remote, copy] = [join(folder, "recovery.git"), join(folder, "recovery")];
    await run("git", ["init", "--quiet", "--bare", "--initial-branch=main", remote]);
    await run("git", ["clone", "--quiet", remote, copy]);
    const bench = new Bench(kube, copy, manifest);
    const image = /image: (\S+)/.exec(manifest)?.[1] ?? "";
    await bench.#write("delivery.yaml", 'environments:\n  staging:\n    namespace: "recovery-{application}"\n');
    for (const { name, rollout } of bench.scenarios) {
      const namespace = `apiVersion: v1\nkind: Namespace\nmetadata: { name: recovery-${name} }\n`;
      await bench.#write(`staging/${name}/namespace.yaml`, namespace);
      await bench.#write(`staging/${name}/backend.yaml`, manifest);
      const settings = `rollout: { soak: ${soakMs}ms, maxRestarts: 0, ${rollout} }\n`;
      await bench.#write(`staging/${name}/delivery.yaml`, settings);
    }
    await bench.#write("staging/metric/metrics.yaml", metricsManifest(image));
    await bench.#watch();
    bench.#engine = new Engine({
      git: await openMirror({ url: remote, folder: join(folder, "mirror.git") }),
      kube,
      clock: systemClock,
      random: Math.random,
      onDecision: (record) => {
        bench.#decisions.push({ record, atMs: Date.now() });
        bench.#changed();
      },
    });
    await bench.#commit("Deliver", "Plumbline-Source-Commit: none");
    await bench.#engine.start();
    for (const { name } of bench.scenarios) {
      await bench.#until(`${name} is healthy`, () => bench.#decided(name, "healthy", 0));
    }
    return bench;
  }

  async measure({ name, title, inject, signalMs }: Scenario): Promise<readonly Figure[]> {
    const load = loadavg()[0] ?? 0;
    for (const [file, text] of inject(this.#files)) await this.#write(`staging/${name}/${file}`, text);
    const committedMs = await this.#commit(`Break by ${title}`);
    const changedAfter = (ms: number): Seen | undefined => {
      const before = this.#ofDeployment(name, (atMs) => atMs <= ms).at(-1)?.object.metadata.generation;
      return this.#ofDeployment(name, (atMs) => atMs > ms).find(({ object }) => object.metadata.generation !== before);
    };
    const healthyMs = await this.#until(`${title} is undone`, () => this.#decided(name, "healthy", committedMs));
    const blockedMs = this.#decided(name, "failed", committedMs) ?? Number.NaN;
    const applied = changedAfter(committedMs);
    const signal = signalMs(
      this.#seen.filter(({ object, atMs }) => isOf(object, name) && atMs >= (applied?.atMs ?? Infinity)),
    );
    const restored = changedAfter(blockedMs);
    const rolledOut = this.#ofDeployment(name, (atMs) => atMs >= (restored?.atMs ?? Infinity)).find(({ object }) =>
      isRolledOut(object),
    );
    if (!applied || signal === undefined || !restored || !rolledOut)
      throw new Error(`${title}: the cluster did not show it`);
    const toSignalMs = signal - applied.atMs;
    const cluster = toSignalMs + (rolledOut.atMs - restored.atMs) + soakMs;
    return [
      figure(`${title}: said`, blockedMs - committedMs, toSignalMs, load),
      figure(`${title}: healthy again`, healthyMs - committedMs, cluster, load),
    ];
  }

  async end(): Promise<void> {
    await this.#engine?.stop();
    this.#stop.abort();
    const namespaces = await this.#kube.resource("v1", "Namespace");
    if (!namespaces.ok || !namespaces.value) return;
    for (const { name } of this.scenarios) await this.#kube.delete(namespaces.value, "", `recovery-${name}`);
  }

  #ofDeployment(name: string, fits: (atMs: number) => boolean): readonly Seen[] {
    return this.#seen.filter(({ object, atMs }) => object.kind === "Deployment" && isOf(object, name) && fits(atMs));
  }

  /** When the engine first said so after `ms`. */
  #decided(name: string, outcome: DeliveryRecord["outcome"], ms: number): number | undefined {
    return this.#decisions.find(
      ({ record, atMs }) => record.application === `staging/${name}` && record.outcome === outcome && atMs > ms,
    )?.atMs;
  }

  /** Notes what the cluster says of Deployments and pods, by watches of its own. */
  async #watch(): Promise<void> {
    for (const [apiVersion, kind] of [
      ["apps/v1", "Deployment"],
      ["v1", "Pod"],
    ] as const) {
      const resource = await this.#kube.resource(apiVersion, kind);
      if (!resource.ok || !resource.value) throw new Error(`${kind} is not served`);
      this.#kube.watch(
        { resource: resource.value },
        (message) => {
          if (message.type !== "changed") return;
          this.#seen.push({ object: message.object, atMs: Date.now() });
          this.#changed();
        },
        this.#stop.signal,
      );
    }
  }

  #changed(): void {
    for (const look of this.#listeners) look();
  }

  #until(what: string, look: () => number | undefined): Promise<number> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#listeners.delete(again);
        reject(new Error(`${what}: not seen within ${patienceMs / 1000} s; ${this.#decisions.at(-1)?.record.message}`));
      }, patienceMs);
      const again = (): void => {
        const found = look();
        if (found === undefined) return;
        clearTimeout(timer);
        this.#listeners.delete(again);
        resolve(found);
      };
      this.#listeners.add(again);
      again();
    });
  }

  async #write(path: string, text: string): Promise<void> {
    const file = join(this.#copy, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }

  /** Commits on top of what the branch has, and pushes; answers when it was there. */
  async #commit(...message: readonly string[]): Promise<number> {
    const git = (...args: readonly string[]) => run("git", ["-C", this.#copy, ...args]);
    const who = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.test"];
    await git("add", "--all");
    await git(...who, "commit", "--quiet", ...message.flatMap((text) => ["-m", text]));
    await git(...who, "pull", "--quiet", "--rebase", "origin", "main").catch(() => undefined);
    await git("push", "--quiet", "origin", "HEAD:main");
    return Date.now();
  }
}

function isOf(object: { readonly metadata: { readonly namespace?: string } }, name: string): boolean {
  return object.metadata.namespace === `recovery-${name}`;
}

function figure(name: string, tookMs: number, clusterMs: number, load: number): Figure {
  const second = (ms: number): string => (ms / 1000).toFixed(1);
  return atMost(aimSeconds, {
    name,
    value: (tookMs - clusterMs) / 1000,
    unit: "s",
    reference: `${second(tookMs)} s from the commit, of which the cluster and the policy take ${second(clusterMs)} s; load ${load.toFixed(1)}`,
  });
}

/** Releases the backend into a layout folder, as a CI would; answers its pinned manifest. */
async function releaseBackend(folder: string): Promise<string> {
  const bare = join(folder, "released.git");
  const registry = `oci:${join(folder, "images")}`;
  await run(process.execPath, [plumb, "init", folder, "--registry", registry, "--deployment", bare]);
  await run("git", ["init", "--quiet", "--bare", "--initial-branch=main", bare]);
  const who = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.test"];
  for (const name of ["application", "deployment"]) {
    const git = (...args: readonly string[]) => run("git", ["-C", join(folder, name), ...args]);
    await git("init", "--quiet", "--initial-branch=main");
    await git("add", "--all");
    await git(...who, "commit", "--quiet", "-m", "Begin");
  }
  await run("git", ["-C", join(folder, "deployment"), "push", "--quiet", bare, "HEAD:main"]);
  await run(process.execPath, [plumb, "release", "HEAD"], { cwd: join(folder, "application") });
  return (await run("git", ["-C", bare, "show", "main:staging/probe/backend.yaml"])).stdout;
}

/** The embedded cluster in a process of its own; answers its kubeconfig. */
async function startEmbedded(folder: string, layout: string, ends: (() => unknown)[]): Promise<string> {
  const script = fileURLToPath(new URL("server-process.js", import.meta.url));
  const child = fork(script, ["cluster", join(folder, "cluster"), layout]);
  const [{ kubeconfig }] = (await once(child, "message")) as [{ readonly kubeconfig: string }];
  ends.push(async () => {
    const ended = once(child, "exit");
    child.disconnect();
    await ended;
  });
  const path = join(folder, "kubeconfig");
  await writeFile(path, kubeconfig, { mode: 0o600 });
  return path;
}
