import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { StatusFeed } from "../cli/feed.ts";
import { startPart } from "../cli/lifeline.ts";
import type { Part } from "../cli/lifeline.ts";
import { openMirror } from "../io/git/mirror.ts";
import { valueAt } from "../model/json.ts";
import { configMapYaml, deliveryYaml, deploymentYaml, namespaceYaml, openWorkbench } from "./workbench-in-test.ts";
import type { Workbench } from "./workbench-in-test.ts";

/** The real `plumb engine` in a process of its own, which can be killed and started again on the same mirror. */
class Victim {
  readonly #bench: Workbench;
  readonly #ended = new AbortController();
  #part: Part<{ readonly statusUrl: string }> | undefined;
  feed: StatusFeed | undefined;

  constructor(bench: Workbench) {
    this.#bench = bench;
  }

  async start(): Promise<void> {
    const { folder, remote, cluster } = this.#bench;
    const args = [
      "engine",
      `--repository=${remote}`,
      `--kubeconfig=${cluster.kubeconfigPath}`,
      `--mirror=${join(folder, "mirror.git")}`,
      "--poll=1",
    ];
    this.#part = await startPart(args, {
      logFile: join(folder, "engine.log"),
      env: process.env,
      signal: this.#ended.signal,
    });
    this.feed = new StatusFeed(this.#part.ready.statusUrl, this.#ended.signal);
  }

  /** kill -9, and waits until it is gone. */
  async kill(): Promise<void> {
    this.feed?.close();
    if (!this.#part) return;
    process.kill(this.#part.pid, "SIGKILL");
    await this.#part.exited;
    this.#part = undefined;
  }
}

interface Moment {
  readonly name: string;
  /** Which kind of delivery the engine is killed in. */
  readonly of: "delivery" | "rollback";
  /** Resolves when the moment has come; called before the commit is pushed. */
  readonly comes: (bench: Workbench) => Promise<void>;
}

/** A live object of the application is written by the engine. */
function written(resource: string, group = ""): Moment["comes"] {
  return ({ cluster }) =>
    new Promise((resolve) => {
      let isLater = false;
      const end = cluster.client.watch({ group, resource }, ({ type, object }) => {
        const { namespace, name } = object.metadata;
        const isOurs = namespace === "one-staging" || name === "plumbline-inventory-staging.one";
        if (!isLater || type === "DELETED" || !isOurs) return;
        setImmediate(() => end());
        resolve();
      });
      isLater = true;
    });
}

/** A branch of the remote moves, to a commit whose message fits. */
function pushed(branch: string, fits: RegExp): Moment["comes"] {
  return async (bench) => {
    const before = tip(bench, branch);
    const reader = await openMirror({ url: bench.remote, folder: join(bench.folder, "watcher.git") });
    await new Promise<void>((resolve) => {
      const look = (): void => {
        const now = tip(bench, branch);
        const news =
          now === "" || now === before
            ? ""
            : bench.git("log", "--format=%s", before === "" ? now : `${before}..${now}`);
        if (fits.test(news)) resolve();
      };
      const end = reader.onLocalPush(look);
      bench.onEnd(() => {
        end();
        reader.close();
      });
    });
  };
}

function tip(bench: Workbench, branch: string): string {
  return bench.git("for-each-ref", "--format=%(objectname)", `refs/heads/${branch}`);
}

/** The engine has been told, and a time has passed that is chosen by a printed seed. */
function some(ms: number): Moment["comes"] {
  return () => new Promise((resolve) => setTimeout(resolve, ms));
}

const seed = Number(process.env["PLUMB_SEED"] ?? Math.floor(Math.random() * 1000));
const log = "plumbline/log";
const moments: readonly Moment[] = [
  { name: "the inventory is written", of: "delivery", comes: written("configmaps") },
  { name: "a workload is written", of: "delivery", comes: written("deployments", "apps") },
  { name: "a pod is made", of: "delivery", comes: written("pods") },
  { name: "the log says that it is delivering", of: "delivery", comes: pushed(log, /: delivering/) },
  { name: `${200 + seed} ms after the push`, of: "delivery", comes: some(200 + seed) },
  { name: "the log says that it is delivering what is broken", of: "rollback", comes: pushed(log, /: delivering/) },
  { name: "the log says that it failed", of: "rollback", comes: pushed(log, /: failed/) },
  { name: "the rollback is pushed", of: "rollback", comes: pushed("main", /^Roll back/) },
  { name: "the log says that it is rolled back", of: "rollback", comes: pushed(log, /: rolled back/) },
  { name: `${500 + seed} ms after the push of what is broken`, of: "rollback", comes: some(500 + seed) },
];

/** Those of deliveries that a canary tries first. */
const canaryMoments: readonly Moment[] = [
  { name: "the canary is written", of: "delivery", comes: written("deployments", "apps") },
  {
    name: "the log says that the canary has passed",
    of: "delivery",
    comes: pushed(log, /the canary of \S+ has passed/),
  },
  { name: `${400 + seed} ms after the push`, of: "delivery", comes: some(400 + seed) },
  { name: "the log says that the canary failed", of: "rollback", comes: pushed(log, /: failed/) },
];

test("killed at ten moments of deliveries and rollbacks, the engine resumes and ends in the same state", (t) =>
  survive(t, "{ deadline: 20s, soak: 300ms }", moments));

test("killed while a canary is tried, fails or has just passed, the engine resumes and ends in the same state", (t) =>
  survive(t, "{ deadline: 20s, soak: 300ms, canary: { share: 100%, soak: 500ms } }", canaryMoments));

async function survive(t: TestContext, rollout: string, chosen: readonly Moment[]): Promise<void> {
  t.diagnostic(`seed ${seed}: PLUMB_SEED=${seed} repeats the moments`);
  const bench = await openWorkbench(t);
  const victim = new Victim(bench);
  bench.onEnd(() => victim.kill());
  bench.commit({
    "delivery.yaml": deliveryYaml(rollout),
    "staging/one/namespace.yaml": namespaceYaml("one-staging"),
    ...version(0),
  });
  await victim.start();
  await healthyAt(victim, bench.git("rev-parse", "main"), "the first delivery");
  for (const [index, { name, of, comes }] of chosen.entries()) {
    const good = bench.git("rev-parse", "main:staging/one");
    const come = comes(bench);
    const files = version(index + 1);
    const broken = { "staging/one/web.yaml": deploymentYaml("web", "ready", { image: "example.test/nothing:1" }) };
    const commit = bench.commit(of === "delivery" ? files : { ...files, ...broken }, `Round ${index + 1}`);
    await come;
    await victim.kill();
    await victim.start();

    const what = `killed when ${name}`;
    if (of === "delivery") {
      await healthyAt(victim, commit, what);
      assert.equal(bench.git("rev-parse", "main"), commit, what);
    } else {
      await victim.feed?.until(
        what,
        ({ applications: [one] }) => one?.wanted.revision.undoes === commit && one.outcome === "healthy",
        30_000,
      );
      assert.equal(bench.git("rev-list", "--count", `${commit}..main`), "1", `${what}: one rollback commit`);
      assert.equal(bench.git("rev-parse", "main:staging/one"), good, what);
    }
    await assertLive(bench, what);
  }
}

function version(number: number): Readonly<Record<string, string | null>> {
  return {
    "staging/one/settings.yaml": configMapYaml("settings", { version: String(number) }),
    [`staging/one/only-${number}.yaml`]: configMapYaml(`only-${number}`, { a: "1" }),
    ...(number > 0 ? { [`staging/one/only-${number - 1}.yaml`]: null } : {}),
    "staging/one/web.yaml": deploymentYaml("web", "ready", { env: [`{ name: VERSION, value: "${number}" }`] }),
  };
}

async function healthyAt(victim: Victim, commit: string, what: string): Promise<void> {
  await victim.feed?.until(
    what,
    ({ applications: [one] }) => one?.wanted.revision.commit === commit && one.outcome === "healthy",
    30_000,
  );
}

/** The cluster has exactly what the branch says: every ConfigMap and the Deployment's variables, and nothing of another. */
async function assertLive(bench: Workbench, what: string): Promise<void> {
  const configMaps = await bench.kind("v1", "ConfigMap");
  const listed = await bench.kube.list({
    resource: configMaps,
    namespace: "one-staging",
    labelSelector: "plumbline.dev/application",
  });
  assert.ok(listed.ok);
  const inGit = bench.git("ls-tree", "--name-only", "main:staging/one").split("\n");
  const wanted = inGit.filter((file) => /^(only-|settings)/.test(file)).map((file) => file.replace(".yaml", ""));
  assert.deepEqual(listed.value.map(({ metadata }) => metadata.name).toSorted(), wanted.toSorted(), what);
  const web = await bench.get("apps/v1", "Deployment", "one-staging", "web");
  const env = JSON.stringify(valueAt(web ?? null, "spec", "template", "spec")) ?? "";
  const yaml = bench.git("show", "main:staging/one/web.yaml");
  const number = /VERSION, value: "(\d+)"/.exec(yaml)?.[1];
  assert.ok(env.includes(`"value":"${number}"`), `${what}: the Deployment is of version ${number}`);
  assert.equal(valueAt(web ?? null, "status", "readyReplicas"), 1, what);
  const canary = await bench.get("apps/v1", "Deployment", "one-staging", "web-canary");
  assert.equal(canary, undefined, `${what}: no canary is left`);
}
