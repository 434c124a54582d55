import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, after, before, test } from "node:test";
import { ApiException, CoreV1Api, KubeConfig, type V1ConfigMap, makeInformer } from "@kubernetes/client-node";
import { type Clock, systemClock } from "../clock.ts";
import { type Cluster, startCluster } from "../index.ts";
import { TurnedClock } from "../turned-clock.ts";
import { type Fault, type Faults, scripted, seeded } from "./fault.ts";
import { startFaultyServer } from "./faulty-server.ts";

let folder: string;
let cluster: Cluster;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "faults-test-"));
  cluster = await startCluster({ folder: join(folder, "cluster") });
});
after(async () => {
  await cluster.stop();
  await rm(folder, { recursive: true, force: true });
});

const configMaps = { group: "", resource: "configmaps" };
const configMap = (name: string) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "default", labels: { test: name } },
});
const exists = (name: string): boolean => cluster.client.get(configMaps, "default", name) !== undefined;

/** A client that nobody here wrote, of the cluster behind these faults. */
async function behind(t: TestContext, faults: Faults, clock: Clock = systemClock) {
  const kubeconfigPath = join(folder, `${t.name.replaceAll(/\W+/g, "-")}.kubeconfig`);
  const server = await startFaultyServer({ behind: cluster.kubeconfigPath, kubeconfigPath, faults, clock });
  t.after(() => server.stop());
  const config = new KubeConfig();
  config.loadFromFile(kubeconfigPath);
  const api = config.makeApiClient(CoreV1Api);
  const create = (name: string) => api.createNamespacedConfigMap({ namespace: "default", body: configMap(name) });
  return { server, config, api, create };
}

/** The fault for the first request of this method, or the first watch. */
const first = (method: string, fault: Fault): Faults =>
  scripted([{ fault, fits: (request) => (method === "WATCH" ? request.isWatch : request.method === method) }]);

const refusedWith = (code: number) => (error: unknown) => error instanceof ApiException && error.code === code;

test("latency holds a request back for as long as was said, and then it is answered", async (t) => {
  const clock = new TurnedClock();
  let seen = (): void => undefined;
  const came = new Promise<void>((resolve) => (seen = resolve));
  const { create } = await behind(
    t,
    () => {
      seen();
      return { is: "latency", ms: 5000 };
    },
    clock,
  );
  const created = create("slow");
  await came;
  await clock.advance(4999);
  assert.equal(exists("slow"), false);
  await clock.advance(1);
  assert.equal((await created).metadata?.name, "slow");
});

for (const effect of [false, true]) {
  const when = effect ? "after" : "before";
  test(`a connection that breaks ${when} the effect gives no answer`, async (t) => {
    const { create } = await behind(t, first("POST", { is: "broken", effect }));
    await assert.rejects(create(`broken-${when}`), /ECONNRESET|socket hang up|Premature close/);
    assert.equal(exists(`broken-${when}`), effect);
  });

  test(`an error ${when} the effect is a Status of 500`, async (t) => {
    const { create } = await behind(t, first("POST", { is: "error", effect, code: 500 }));
    await assert.rejects(create(`error-${when}`), refusedWith(500));
    assert.equal(exists(`error-${when}`), effect);
    // The next one passes: either it was not there yet, or the client learns that it is.
    if (effect) await assert.rejects(create(`error-${when}`), refusedWith(409));
    else await create(`error-${when}`);
  });
}

test("a throttled request is told when to come again", async (t) => {
  const { create } = await behind(t, first("POST", { is: "throttled", retryAfter: 7 }));
  await assert.rejects(create("throttled"), (error) => {
    assert.ok(error instanceof ApiException && error.code === 429);
    assert.equal((error.headers as Record<string, string>)["retry-after"], "7");
    return true;
  });
  assert.equal(exists("throttled"), false);
  await create("throttled");
});

/** An informer on one label, as controllers have it: when it is told of trouble it starts again. */
function informer(t: TestContext, config: KubeConfig, label: string) {
  const heard: string[] = [];
  const listeners = new Set<() => void>();
  const api = config.makeApiClient(CoreV1Api);
  const told = makeInformer<V1ConfigMap>(
    config,
    "/api/v1/namespaces/default/configmaps",
    () => api.listNamespacedConfigMap({ namespace: "default", labelSelector: `test=${label}` }),
    `test=${label}`,
  );
  const say = (what: string): void => {
    heard.push(what);
    for (const listener of listeners) listener();
  };
  told.on("connect", () => say("connect"));
  told.on("add", ({ metadata }) => say(`add ${metadata?.annotations?.["n"] ?? ""}`));
  told.on("update", ({ metadata }) => say(`update ${metadata?.annotations?.["n"] ?? ""}`));
  told.on("error", (error: unknown) => {
    say(`error ${(error as Error).message}`);
    if (!ended) void told.start();
  });
  let ended = false;
  t.after(() => {
    ended = true;
    return told.stop();
  });
  return {
    heard,
    start: () => told.start(),
    until: (what: string) =>
      new Promise<void>((resolve) => {
        const look = (): void => {
          if (heard.includes(what)) resolve();
        };
        listeners.add(look);
        look();
      }),
  };
}

const annotate = (name: string, n: number) =>
  cluster.client.mergePatch(configMaps, "default", name, { metadata: { annotations: { n: String(n) } } });

test("a dropped watch loses nothing for who watches again", async (t) => {
  const { config } = await behind(t, first("WATCH", { is: "dropped", after: 1 }));
  await cluster.client.create(configMaps, configMap("dropped"));
  const { heard, start, until } = informer(t, config, "dropped");
  await start();
  await until("add ");
  await annotate("dropped", 1);
  await until("update 1");
  await annotate("dropped", 2);
  await until("update 2");
  assert.equal(heard.filter((what) => what.startsWith("error")).length, 1, heard.join("\n"));
});

test("an expired watch is told 410, and its client lists again", async (t) => {
  const { config } = await behind(t, first("WATCH", { is: "expired", after: 0 }));
  await cluster.client.create(configMaps, configMap("expired"));
  const { heard, start, until } = informer(t, config, "expired");
  await start();
  await until("add ");
  await annotate("expired", 1);
  await until("update 1");
  assert.deepEqual(heard, ["connect", "add ", "connect", "update 1"]);
});

test("a late watch tells each event, but later", async (t) => {
  const clock = new TurnedClock();
  const { config } = await behind(t, first("WATCH", { is: "late", ms: 60_000 }), clock);
  await cluster.client.create(configMaps, configMap("late"));
  const { heard, start, until } = informer(t, config, "late");
  await start();
  await until("add ");
  const fromNow = cluster.client.watch(configMaps, () => undefined);
  await annotate("late", 1);
  fromNow();
  assert.deepEqual(heard, ["connect", "add "]);
  const turning = setInterval(() => void clock.advance(60_000), 10);
  await until("update 1");
  clearInterval(turning);
});

test("a server that restarts is out of reach meanwhile, and comes back with the same or with new state", async (t) => {
  const { server, api, create } = await behind(t, () => undefined);
  await create("kept");
  const names = async () =>
    (await api.listNamespacedConfigMap({ namespace: "default" })).items.map(({ metadata }) => metadata?.name);
  await server.stop();
  await assert.rejects(names(), /ECONNREFUSED/);
  await server.start();
  assert.ok((await names()).includes("kept"));
  const other = await startCluster({ folder: join(folder, "other") });
  t.after(() => other.stop());
  await server.stop();
  await server.start(other.kubeconfigPath);
  assert.deepEqual(await names(), ["kube-root-ca.crt"]);
});

test("who has no credentials has none behind the faults either", async (t) => {
  const { config } = await behind(t, () => undefined);
  const { server = "", caData = "" } = config.getCurrentCluster() ?? {};
  const asked = request(`${server}/api/v1/namespaces`, { ca: Buffer.from(caData, "base64"), agent: false }).end();
  const [answer] = (await once(asked, "response")) as [{ statusCode: number; resume(): void }];
  answer.resume();
  assert.equal(answer.statusCode, 401);
});

test("a seed repeats its faults, and faults of watches befall only watches", () => {
  const faults: readonly Fault[] = [
    { is: "latency", ms: 1 },
    { is: "broken", effect: true },
    { is: "dropped", after: 3 },
  ];
  const draw = (seed: number, isWatch: boolean) => {
    const next = seeded(seed, 0.5, faults);
    return Array.from({ length: 200 }, () => next({ method: "GET", path: "/", isWatch })?.is ?? "none");
  };
  assert.deepEqual(draw(1, true), draw(1, true));
  assert.notDeepEqual(draw(1, true), draw(2, true));
  assert.deepEqual(new Set(draw(1, true)), new Set(["none", "latency", "broken", "dropped"]));
  assert.deepEqual(new Set(draw(1, false)), new Set(["none", "latency", "broken"]));
});
