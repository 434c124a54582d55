import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeObject } from "../../client.ts";
import { deployments, pods } from "../objects.ts";
import { startTestCluster, webDeployment } from "../cluster-in-test.ts";

test("a pod that goes is replaced, and events say what was done", async (t) => {
  const cluster = await startTestCluster();
  t.after(cluster.stop);
  await cluster.client.create(deployments, webDeployment({ replicas: 2 }));
  await cluster.settle({ node: true });
  const [victim] = cluster.pods();
  await cluster.client.delete(pods, "ns", victim?.metadata.name ?? "", { gracePeriodSeconds: 0 });
  await cluster.settle({ node: true });
  assert.equal(cluster.pods().length, 2);
  assert.equal(cluster.messages("ReplicaSet").length, 3);
  assert.match(cluster.messages("ReplicaSet")[2] ?? "", /^Created pod: web-[a-z0-9]+-[a-z0-9]{5}$/);
});

test("a pod that no longer fits is released and replaced; an orphan that fits is adopted, one too many goes", async (t) => {
  const cluster = await startTestCluster();
  t.after(cluster.stop);
  await cluster.client.create(deployments, webDeployment({ replicas: 2 }));
  await cluster.settle({ node: true });
  const [moved] = cluster.pods();
  const name = moved?.metadata.name ?? "";
  await cluster.client.mergePatch(pods, "ns", name, { metadata: { labels: { app: "quarantine" } } });
  await cluster.settle({ node: true });
  assert.equal(cluster.client.get(pods, "ns", name)?.metadata.ownerReferences, undefined);
  assert.equal(cluster.pods().length, 3);

  await cluster.client.mergePatch(pods, "ns", name, { metadata: { labels: { app: "web" } } });
  await cluster.settle({ node: true });
  assert.equal(cluster.pods().length, 2);
  assert.match(cluster.messages("ReplicaSet").at(-1) ?? "", /^Deleted pod: /);
});

test("scaling down ends the pod that is not ready", async (t) => {
  const cluster = await startTestCluster();
  t.after(cluster.stop);
  await cluster.client.create(deployments, webDeployment({ replicas: 3 }));
  await cluster.settle({ node: true });
  const sick = cluster.pods()[1];
  assert.ok(sick);
  await cluster.setReady(sick, false);
  await cluster.client.mergePatch(deployments, "ns", "web", { spec: { replicas: 2 } });
  await cluster.settle();
  const terminating = cluster.pods().filter(({ metadata }) => metadata.deletionTimestamp);
  assert.deepEqual(
    terminating.map(({ metadata }) => metadata.uid),
    [sick.metadata.uid],
  );
  assert.equal(cluster.deployment().status?.replicas, 2);
});

test("pods are made in growing batches, and a refusal ends it", async (t) => {
  let calls = 0;
  const refuse = (object: KubeObject): string | undefined => {
    if (object.kind === "Pod") calls += 1;
    return calls > 5 ? "exceeded quota" : undefined;
  };
  const cluster = await startTestCluster({ refuse });
  t.after(cluster.stop);
  await cluster.client.create(deployments, webDeployment({ replicas: 100 }));
  await cluster.clock.advance(1);
  assert.equal(cluster.pods().length, 5);
  assert.equal(calls, 9, "batches of 1, 2 and 4, and then a single one each time that it is tried again");
});

test("what may not be created is told by the ReplicaSet and by its Deployment", async (t) => {
  const cluster = await startTestCluster({
    refuse: (object: KubeObject) => (object.kind === "Pod" ? "pods are forbidden: exceeded quota" : undefined),
  });
  t.after(cluster.stop);
  await cluster.client.create(deployments, webDeployment({ replicas: 2 }));
  await cluster.settle();
  const failure = cluster.deployment().status?.conditions?.find(({ type }) => type === "ReplicaFailure");
  assert.equal(failure?.reason, "FailedCreate");
  assert.equal(failure.message, "pods are forbidden: exceeded quota");
  assert.ok(
    cluster.messages("ReplicaSet").every((text) => text === "Error creating: pods are forbidden: exceeded quota"),
  );
});
