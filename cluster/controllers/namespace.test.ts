import assert from "node:assert/strict";
import { test } from "node:test";
import { deployments, namespaces, type Namespace } from "./objects.ts";
import { startTestCluster, webDeployment } from "./cluster-in-test.ts";

test("a namespace that is deleted takes everything in it along", async (t) => {
  const cluster = await startTestCluster();
  t.after(cluster.stop);
  await cluster.client.create(deployments, webDeployment());
  await cluster.settle({ node: true });
  await cluster.client.delete(namespaces, "", "ns");
  await cluster.clock.advance(6000);
  await cluster.settle();
  assert.ok(cluster.pods().every(({ metadata }) => metadata.deletionTimestamp));
  assert.equal(cluster.client.get<Namespace>(namespaces, "", "ns")?.status?.conditions, undefined);
  await cluster.settle({ node: true });
  assert.equal(cluster.client.get(namespaces, "", "ns"), undefined);
  assert.deepEqual([cluster.pods(), cluster.replicaSets()], [[], []]);
});

test("what is held by a finalizer is named until it goes", async (t) => {
  const cluster = await startTestCluster();
  t.after(cluster.stop);
  const configMaps = { group: "", resource: "configmaps" };
  const metadata = { name: "held", namespace: "ns", finalizers: ["example.com/hold"] };
  await cluster.client.create(configMaps, { apiVersion: "v1", kind: "ConfigMap", metadata });
  await cluster.client.delete(namespaces, "", "ns");
  await cluster.clock.advance(6000);
  await cluster.settle();
  const conditions = cluster.client.get<Namespace>(namespaces, "", "ns")?.status?.conditions ?? [];
  assert.deepEqual(
    conditions.filter(({ status }) => status === "True").map(({ type, message }) => `${type}: ${message ?? ""}`),
    [
      "NamespaceContentRemaining: Some resources are remaining: configmaps. has 1 resource instances",
      "NamespaceFinalizersRemaining: Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
    ],
  );
  await cluster.client.mergePatch(configMaps, "ns", "held", { metadata: { finalizers: null } });
  await cluster.settle();
  assert.equal(cluster.client.get(namespaces, "", "ns"), undefined);
});

test("pods that stay beyond their time are told of", async (t) => {
  const cluster = await startTestCluster();
  t.after(cluster.stop);
  await cluster.client.create(deployments, webDeployment({ replicas: 1 }));
  await cluster.settle({ node: true });
  await cluster.client.delete(namespaces, "", "ns");
  await cluster.clock.advance(6000);
  await cluster.clock.advance(40_000);
  const conditions = cluster.client.get<Namespace>(namespaces, "", "ns")?.status?.conditions ?? [];
  assert.equal(
    conditions.find(({ status }) => status === "True")?.message,
    "Failed to delete all resource types, 1 remaining: unexpected items still remain in namespace: ns for gvr: /v1, Resource=pods",
  );
});
