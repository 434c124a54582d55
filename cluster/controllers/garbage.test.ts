import assert from "node:assert/strict";
import { test } from "node:test";
import type { Client, KubeObject, ResourceName } from "../client.ts";
import { startTestCluster } from "./cluster-in-test.ts";

const configMaps: ResourceName = { group: "", resource: "configmaps" };

async function create(
  client: Client,
  name: string,
  owners: readonly KubeObject[] = [],
  block = false,
): Promise<KubeObject> {
  const ownerReferences = owners.map(({ apiVersion, kind, metadata: { name = "", uid = "" } }) => ({
    apiVersion,
    kind,
    name,
    uid,
    ...(block && { blockOwnerDeletion: true }),
  }));
  const metadata = { name, namespace: "ns", ...(ownerReferences.length > 0 && { ownerReferences }) };
  return client.create(configMaps, { apiVersion: "v1", kind: "ConfigMap", metadata });
}

function names(client: Client): readonly string[] {
  return client
    .list(configMaps, "ns")
    .map(({ metadata }) => metadata.name ?? "")
    .filter((name) => name !== "kube-root-ca.crt");
}

test("what names an owner that never was, or another object of that name, is collected", async (t) => {
  const cluster = await startTestCluster();
  t.after(cluster.stop);
  const owner = await create(cluster.client, "owner");
  await create(cluster.client, "stray", [{ ...owner, metadata: { name: "never", uid: "u" } }]);
  await create(cluster.client, "wrong", [{ ...owner, metadata: { name: "owner", uid: "u" } }]);
  await create(cluster.client, "right", [owner]);
  await cluster.settle();
  assert.deepEqual(names(cluster.client), ["owner", "right"]);
});

test("an object goes with its last owner, and before that loses the reference to the first", async (t) => {
  const cluster = await startTestCluster();
  t.after(cluster.stop);
  const [one, two] = [await create(cluster.client, "one"), await create(cluster.client, "two")];
  await create(cluster.client, "child", [one, two]);
  await cluster.client.delete(configMaps, "ns", "one", { propagation: "Background" });
  await cluster.settle();
  const owners = cluster.client.get(configMaps, "ns", "child")?.metadata.ownerReferences;
  assert.deepEqual(
    owners?.map(({ name }) => name),
    ["two"],
  );
  await cluster.client.delete(configMaps, "ns", "two");
  await cluster.settle();
  assert.deepEqual(names(cluster.client), []);
});

test("orphans lose their owner and stay", async (t) => {
  const cluster = await startTestCluster();
  t.after(cluster.stop);
  const owner = await create(cluster.client, "owner");
  await create(cluster.client, "child", [owner]);
  await cluster.client.delete(configMaps, "ns", "owner", { propagation: "Orphan" });
  await cluster.settle();
  assert.deepEqual(names(cluster.client), ["child"]);
  assert.equal(cluster.client.get(configMaps, "ns", "child")?.metadata.ownerReferences, undefined);
});

test("in the foreground an owner waits for the dependents that block it, through all generations", async (t) => {
  const cluster = await startTestCluster();
  t.after(cluster.stop);
  const owner = await create(cluster.client, "owner");
  const child = await create(cluster.client, "child", [owner], true);
  await create(cluster.client, "grandchild", [child], true);
  await cluster.client.mergePatch(configMaps, "ns", "grandchild", { metadata: { finalizers: ["example.com/hold"] } });
  await cluster.client.delete(configMaps, "ns", "owner", { propagation: "Foreground" });
  await cluster.settle();
  assert.deepEqual(names(cluster.client), ["child", "grandchild", "owner"]);
  await cluster.client.mergePatch(configMaps, "ns", "grandchild", { metadata: { finalizers: null } });
  await cluster.settle();
  assert.deepEqual(names(cluster.client), []);
});
