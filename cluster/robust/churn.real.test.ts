import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { queryObjects } from "node:v8";
import { KubeConfig } from "@kubernetes/client-node";
import { type Cluster, startCluster } from "../index.ts";
import { TurnedClock } from "../turned-clock.ts";

const namespace = "default";
const configMaps = { group: "", resource: "configmaps" };
const deployments = { group: "apps", resource: "deployments" };
const services = { group: "", resource: "services" };
const jobs = { group: "batch", resource: "jobs" };
const counted =
  "pods events replicasets deployments services endpoints endpointslices configmaps secrets jobs leases namespaces".split(
    " ",
  );
const groups: Readonly<Record<string, string>> = {
  replicasets: "apps",
  deployments: "apps",
  endpointslices: "discovery.k8s.io",
  jobs: "batch",
  leases: "coordination.k8s.io",
};

const minuteMs = 60_000;

/** What a minute's users do: a rollout of a pod whose image is not there, a service, a job, and watches that come and go. */
async function minute(
  cluster: Cluster,
  clock: TurnedClock,
  watch: () => Promise<() => void>,
  at: number,
): Promise<void> {
  const { client } = cluster;
  const metadata = { name: `n-${at % 7}`, namespace };
  const labels = { app: metadata.name };
  const template = { metadata: { labels }, spec: { containers: [{ name: "c", image: "example.test/none:1" }] } };
  const spec = { replicas: 1, selector: { matchLabels: labels }, template };
  const make = (kind: string, apiVersion: string, more: object) => Object.assign({ apiVersion, kind, metadata }, more);
  const unwatch = await watch();
  await client.create(deployments, make("Deployment", "apps/v1", { spec }));
  await client.create(services, make("Service", "v1", { spec: { selector: labels, ports: [{ port: 80 }] } }));
  await client.create(configMaps, make("ConfigMap", "v1", { data: { at: String(at) } }));
  await client.create(
    jobs,
    make("Job", "batch/v1", { spec: { template: { spec: { ...template.spec, restartPolicy: "Never" } } } }),
  );
  await clock.advance(minuteMs / 2);
  const image = { spec: { template: { metadata: { annotations: { at: String(at) } } } } };
  await client.mergePatch(deployments, namespace, metadata.name, image);
  await client.mergePatch(configMaps, namespace, metadata.name, { data: { at: "changed" } });
  await clock.advance(minuteMs / 2);
  for (const resource of [deployments, services, configMaps, jobs]) {
    await client.delete(resource, namespace, metadata.name, { propagation: "Background" });
  }
  unwatch();
  await clock.advance(1_000);
}

test("an hour of churn leaves no object, timer, handle or memory behind", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "churn-test-"));
  const clock = new TurnedClock(Date.now());
  const cluster = await startCluster({ folder: join(folder, "cluster"), clock });
  t.after(async () => {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const config = new KubeConfig();
  config.loadFromFile(cluster.kubeconfigPath);
  const ca = Buffer.from(config.getCurrentCluster()?.caData ?? "", "base64");
  const headers = { authorization: `Bearer ${config.getCurrentUser()?.token}` };
  const ask = async (path: string): Promise<IncomingMessage> => {
    const sent = request(`${cluster.url}/api/v1/${path}`, { agent: new Agent({ ca }), headers }).end();
    const [answer] = (await once(sent, "response")) as [IncomingMessage];
    return answer.on("error", () => undefined).resume();
  };
  const watch = async (): Promise<() => void> => {
    const answer = await ask("pods?watch=1&allowWatchBookmarks=true");
    return () => answer.destroy();
  };
  const isForgotten = async (version: number): Promise<boolean> => {
    const answer = await ask(`namespaces/default/configmaps?resourceVersionMatch=Exact&resourceVersion=${version}`);
    await once(answer, "end");
    return answer.statusCode === 410;
  };
  const held = () =>
    process
      .getActiveResourcesInfo()
      .filter((kind) => kind !== "Immediate")
      .toSorted();
  const entries = () =>
    Object.fromEntries(
      counted.map((resource) => [resource, cluster.client.list({ group: groups[resource] ?? "", resource }).length]),
    );
  /** What is there when all is over: long enough for what is kept for a while, as Events are for an hour. */
  const rest = async () => {
    await clock.advance(75 * minuteMs);
    await clock.advance(minuteMs);
    const left = { timers: clock.timers, entries: entries(), handles: held() };
    // The window of changes in which watches resume is bounded, and no leak: it is filled until it was cut back just now.
    const metadata = { name: "filler", namespace };
    await cluster.client.create(configMaps, { apiVersion: "v1", kind: "ConfigMap", metadata });
    let version = 0;
    for (let n = 1; n < 10_000 || n % 50 !== 0 || !(await isForgotten(version - 10_050)); n += 1) {
      const filled = await cluster.client.mergePatch(configMaps, namespace, metadata.name, { data: { n: String(n) } });
      version = Number(filled.metadata.resourceVersion);
    }
    await cluster.client.delete(configMaps, namespace, metadata.name);
    // Objects are counted and not bytes: the tables of weak caches keep the size that they had before garbage was collected.
    const objects = queryObjects(Object, { format: "count" });
    return { objects, left };
  };
  for (let at = 0; at < 10; at += 1) await minute(cluster, clock, watch, at);
  const before = await rest();
  let told = 0;
  const unwatch = cluster.client.watch(
    { group: "", resource: "events" },
    ({ type }) => (told += type === "ADDED" ? 1 : 0),
  );
  for (let at = 0; at < 60; at += 1) await minute(cluster, clock, watch, at);
  unwatch();
  const after = await rest();
  const grown = after.objects - before.objects;
  t.diagnostic(`${JSON.stringify(after)}; ${grown} objects more than an hour before, of ${told} events`);
  assert.deepEqual(after.left, before.left);
  // A recorder remembers the last 4,096 events that it told, as upstream, and nothing else may grow.
  assert.ok(grown < 2 * told, `${grown} objects more than an hour before, of ${told} events`);
});
