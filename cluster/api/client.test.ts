import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError, type KubeObject } from "../client.ts";
import { TurnedClock } from "../turned-clock.ts";
import { createClient } from "./client.ts";
import { furnishNamespaces } from "./namespaces.ts";
import { ApiServer } from "./server.ts";

const configMaps = { group: "", resource: "configmaps" };
const deployments = { group: "apps", resource: "deployments" };
const pods = { group: "", resource: "pods" };
const namespaces = { group: "", resource: "namespaces" };

type Loose = KubeObject & { data?: Record<string, string>; spec?: object; status?: object };

function start(): { server: ApiServer; client: ReturnType<typeof createClient> } {
  const server = new ApiServer(new TurnedClock(Date.UTC(2026, 0, 1)));
  furnishNamespaces(server, "PEM");
  return { server, client: createClient(server, "test") };
}

function configMap(name: string, data: Record<string, string> = {}): Loose {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "default" }, data };
}

function deployment(image: string): Loose {
  const template = { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image }] } };
  const spec = { replicas: 1, selector: { matchLabels: { app: "web" } }, template };
  return { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web", namespace: "default" }, spec };
}

const refused = (code: number, reason: string) => (error: unknown) =>
  error instanceof ApiError && error.code === code && error.reason === reason;

test("a created object has uid, time and resourceVersion, and is found", async () => {
  const { client } = start();
  const made = await client.create(configMaps, configMap("a", { k: "v" }));
  assert.match(made.metadata.uid ?? "", /^[0-9a-f-]{36}$/);
  assert.equal(made.metadata.creationTimestamp, "2026-01-01T00:00:00Z");
  assert.equal(client.get(configMaps, "default", "a"), made);
  await assert.rejects(client.create(configMaps, configMap("a")), refused(409, "AlreadyExists"));
});

test("a name is generated where none is given", async () => {
  const { client } = start();
  const body: Loose = { ...configMap(""), metadata: { generateName: "gen-", namespace: "default" } };
  const made = await client.create(configMaps, body);
  assert.match(made.metadata.name ?? "", /^gen-[a-z0-9]{5}$/);
  const unnamed = { ...configMap(""), metadata: { namespace: "default" } };
  await assert.rejects(client.create(configMaps, unnamed), refused(422, "Invalid"));
});

test("generation counts changes of what is wanted only, and a write that changes nothing keeps the resourceVersion", async () => {
  const { client } = start();
  const made = await client.create(deployments, deployment("web:v1"));
  assert.equal(made.metadata.generation, 1);
  const changed = await client.update(deployments, { ...made, ...deployment("web:v2"), metadata: made.metadata });
  assert.equal(changed.metadata.generation, 2);
  const labelled = await client.mergePatch(deployments, "default", "web", { metadata: { labels: { a: "b" } } });
  assert.equal(labelled.metadata.generation, 2);
  const again = await client.mergePatch(deployments, "default", "web", { metadata: { labels: { a: "b" } } });
  assert.equal(again.metadata.resourceVersion, labelled.metadata.resourceVersion);
  const annotated = await client.mergePatch(deployments, "default", "web", { metadata: { annotations: { a: "b" } } });
  assert.equal(annotated.metadata.generation, 3, "a Deployment hands its annotations on, so that they count");
});

test("status is written through its subresource alone", async () => {
  const { client } = start();
  const made = await client.create<Loose>(deployments, { ...deployment("web:v1"), status: { replicas: 4 } });
  assert.deepEqual(made.status, {});
  const ready = await client.updateStatus<Loose>(deployments, { ...made, spec: {}, status: { replicas: 1 } });
  assert.deepEqual([ready.status, ready.metadata.generation], [{ replicas: 1 }, 1]);
  const main = await client.mergePatch<Loose>(deployments, "default", "web", { status: { replicas: 9 } });
  assert.deepEqual(main.status, { replicas: 1 });
});

test("a stale resourceVersion, a foreign uid and a missing object are refused", async () => {
  const { client } = start();
  const made = await client.create(configMaps, configMap("a"));
  await client.update(configMaps, { ...made, data: { k: "1" } });
  await assert.rejects(client.update(configMaps, { ...made, data: { k: "2" } }), refused(409, "Conflict"));
  await assert.rejects(client.update(configMaps, configMap("none")), refused(404, "NotFound"));
  await assert.rejects(client.delete(configMaps, "default", "a", { uid: "other" }), refused(409, "Conflict"));
});

test("finalizers hold an object until they are gone", async () => {
  const { client } = start();
  const body = configMap("a");
  await client.create(configMaps, { ...body, metadata: { ...body.metadata, finalizers: ["x/y"] } });
  await client.delete(configMaps, "default", "a");
  assert.ok(client.get(configMaps, "default", "a")?.metadata.deletionTimestamp);
  await client.mergePatch(configMaps, "default", "a", { metadata: { finalizers: null } });
  assert.equal(client.get(configMaps, "default", "a"), undefined);
});

test("a pod on a node has its grace period, one without goes at once", async () => {
  const { client } = start();
  const body = (name: string, nodeName?: string): Loose => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default" },
    spec: {
      containers: [{ name: "c", image: "i" }],
      terminationGracePeriodSeconds: 5,
      ...(nodeName ? { nodeName } : {}),
    },
  });
  await client.create(pods, body("placed", "node"));
  await client.create(pods, body("waiting"));
  await client.delete(pods, "default", "placed");
  await client.delete(pods, "default", "waiting");
  assert.equal(client.get(pods, "default", "waiting"), undefined);
  assert.equal(client.get(pods, "default", "placed")?.metadata.deletionTimestamp, "2026-01-01T00:00:05Z");
  await client.delete(pods, "default", "placed", { gracePeriodSeconds: 0 });
  assert.equal(client.get(pods, "default", "placed"), undefined);
});

test("a namespace is furnished, must be there for what is in it, and stays until it is finalized", async () => {
  const { client } = start();
  const team = { apiVersion: "v1", kind: "Namespace", metadata: { name: "team" } };
  const orphan = { ...configMap("a"), metadata: { name: "a", namespace: "team" } };
  await assert.rejects(client.create(configMaps, orphan), refused(404, "NotFound"));
  await client.create(namespaces, team);
  assert.ok(client.get({ group: "", resource: "serviceaccounts" }, "team", "default"));
  assert.ok(client.get(configMaps, "team", "kube-root-ca.crt"));
  await assert.rejects(client.delete(namespaces, "", "default"), refused(403, "Forbidden"));
  await client.delete(namespaces, "", "team");
  assert.ok(client.get(namespaces, "", "team"));
  await assert.rejects(client.create(configMaps, orphan), refused(403, "Forbidden"));
  await client.mergePatch(namespaces, "", "team", { spec: { finalizers: null } }, "finalize");
  assert.equal(client.get(namespaces, "", "team"), undefined);
});

test("a quota on counts refuses one too many", async () => {
  const { client } = start();
  const metadata = { name: "q", namespace: "default" };
  const quota: Loose = { apiVersion: "v1", kind: "ResourceQuota", metadata, spec: { hard: { configmaps: "2" } } };
  await client.create({ group: "", resource: "resourcequotas" }, quota);
  await client.create(configMaps, configMap("a"));
  const message =
    'configmaps "b" is forbidden: exceeded quota: q, requested: configmaps=1, used: configmaps=2, limited: configmaps=2';
  await assert.rejects(client.create(configMaps, configMap("b")), { message });
});

test("a watch tells what is, then what changes, in order", async () => {
  const { client } = start();
  await client.create(configMaps, configMap("a"));
  const seen: string[] = [];
  const stop = client.watch(configMaps, ({ type, object }) => {
    if (object.metadata.namespace === "default") seen.push(`${type} ${object.metadata.name ?? ""}`);
  });
  await client.create(configMaps, configMap("b"));
  await client.delete(configMaps, "default", "a");
  stop();
  await client.create(configMaps, configMap("c"));
  assert.deepEqual(seen, ["ADDED a", "ADDED kube-root-ca.crt", "ADDED b", "DELETED a"]);
});
