import assert from "node:assert/strict";
import { test } from "node:test";
import { deployments, pods, replicaSets } from "../objects.ts";
import type { DeploymentCondition } from "kubernetes-types/apps/v1.js";
import { startTestCluster, webDeployment, webTemplate, type TestCluster } from "../cluster-in-test.ts";

function condition(cluster: TestCluster, type: string): DeploymentCondition | undefined {
  return cluster.deployment().status?.conditions?.find((each) => each.type === type);
}

async function started(spec: Parameters<typeof webDeployment>[0] = {}): Promise<TestCluster> {
  const cluster = await startTestCluster();
  await cluster.client.create(deployments, webDeployment(spec));
  return cluster;
}

async function change(cluster: TestCluster, spec: object): Promise<void> {
  await cluster.client.mergePatch(deployments, "ns", "web", { spec });
}

test("a new Deployment gets a ReplicaSet at revision 1 and says what it waits for", async (t) => {
  const cluster = await started();
  t.after(cluster.stop);
  await cluster.settle();
  const [replicaSet] = cluster.replicaSets();
  assert.deepEqual(replicaSet?.metadata.annotations, {
    "deployment.kubernetes.io/desired-replicas": "3",
    "deployment.kubernetes.io/max-replicas": "4",
    "deployment.kubernetes.io/revision": "1",
  });
  const hash = replicaSet.metadata.labels?.["pod-template-hash"];
  assert.equal(replicaSet.metadata.name, `web-${hash}`);
  assert.equal(cluster.pods().length, 3);
  assert.equal(cluster.deployment().metadata.annotations?.["deployment.kubernetes.io/revision"], "1");
  assert.deepEqual(cluster.messages("Deployment"), [`Scaled up replica set web-${hash} from 0 to 3`]);
  assert.equal(condition(cluster, "Available")?.reason, "MinimumReplicasUnavailable");
  assert.equal(condition(cluster, "Progressing")?.reason, "ReplicaSetUpdated");
  const { conditions: _, ...counts } = cluster.deployment().status ?? {};
  assert.deepEqual(counts, { observedGeneration: 1, replicas: 3, updatedReplicas: 3, unavailableReplicas: 3 });
});

test("ready pods complete the rollout, and a return to the old template uses the old ReplicaSet again", async (t) => {
  const cluster = await started();
  t.after(cluster.stop);
  await cluster.settle({ node: true });
  const first = cluster.replicaSets()[0]?.metadata.name ?? "";
  assert.equal(condition(cluster, "Available")?.message, "Deployment has minimum availability.");
  assert.equal(condition(cluster, "Progressing")?.message, `ReplicaSet "${first}" has successfully progressed.`);

  await change(cluster, { template: webTemplate("web:2") });
  await cluster.settle({ node: true });
  const second = cluster.replicaSets().find(({ metadata }) => metadata.name !== first)?.metadata.name ?? "";
  assert.deepEqual(cluster.messages("Deployment").slice(1), [
    `Scaled up replica set ${second} from 0 to 1`,
    `Scaled down replica set ${first} from 3 to 2`,
    `Scaled up replica set ${second} from 1 to 2`,
    `Scaled down replica set ${first} from 2 to 1`,
    `Scaled up replica set ${second} from 2 to 3`,
    `Scaled down replica set ${first} from 1 to 0`,
  ]);

  await change(cluster, { template: webTemplate("web:1") });
  await cluster.settle({ node: true });
  assert.equal(cluster.replicaSets().length, 2);
  const again = cluster.replicaSets().find(({ metadata }) => metadata.name === first);
  assert.equal(again?.metadata.annotations?.["deployment.kubernetes.io/revision"], "3");
  assert.equal(again.metadata.annotations["deployment.kubernetes.io/revision-history"], "1");
  assert.equal(again.spec.replicas, 3);
  assert.equal(condition(cluster, "Progressing")?.reason, "NewReplicaSetAvailable");
});

test("a rollout that never gets ready keeps the old pods and exceeds its deadline", async (t) => {
  const cluster = await started({ progressDeadlineSeconds: 15 });
  t.after(cluster.stop);
  await cluster.settle({ node: true });
  await change(cluster, { template: webTemplate("web:2") });
  await cluster.settle();
  assert.equal(cluster.pods().length, 4);
  assert.equal(cluster.deployment().status?.availableReplicas, 3);
  await cluster.clock.advance(14_000);
  assert.equal(condition(cluster, "Progressing")?.status, "True");
  await cluster.clock.advance(3000);
  const { status, reason, message } = condition(cluster, "Progressing") ?? {};
  assert.deepEqual([status, reason], ["False", "ProgressDeadlineExceeded"]);
  assert.match(message ?? "", /^ReplicaSet "web-[a-z0-9]+" has timed out progressing\.$/);
});

test("Recreate starts new pods only when every old one has gone", async (t) => {
  const cluster = await started({ strategy: { type: "Recreate" }, replicas: 2 });
  t.after(cluster.stop);
  await cluster.settle({ node: true });
  await change(cluster, { template: webTemplate("web:2") });
  await cluster.settle();
  assert.equal(cluster.pods().length, 2, "the old pods terminate and no new one is there");
  await cluster.settle({ node: true });
  assert.deepEqual(
    cluster.pods().map(({ spec }) => spec.containers[0]?.image),
    ["web:2", "web:2"],
  );
  assert.equal(condition(cluster, "Progressing")?.reason, "NewReplicaSetAvailable");
});

test("a paused Deployment scales but does not roll, and says so", async (t) => {
  const cluster = await started();
  t.after(cluster.stop);
  await cluster.settle({ node: true });
  await change(cluster, { paused: true });
  await cluster.settle();
  assert.equal(condition(cluster, "Progressing")?.message, "Deployment is paused");
  await change(cluster, { template: webTemplate("web:2"), replicas: 4 });
  await cluster.settle({ node: true });
  assert.equal(cluster.replicaSets().length, 1);
  assert.equal(cluster.pods().length, 4);
  await change(cluster, { paused: false });
  await cluster.settle({ node: true });
  assert.equal(cluster.deployment().status?.updatedReplicas, 4);
});

test("old ReplicaSets beyond the history limit are removed, oldest first", async (t) => {
  const cluster = await started({ revisionHistoryLimit: 1 });
  t.after(cluster.stop);
  for (const image of ["web:1", "web:2", "web:3", "web:4"]) {
    await change(cluster, { template: webTemplate(image) });
    await cluster.settle({ node: true });
    await cluster.clock.advance(1000);
  }
  const images = cluster.replicaSets().map(({ spec }) => spec.template?.spec?.containers[0]?.image);
  assert.deepEqual(new Set(images), new Set(["web:3", "web:4"]));
});

test("a ready pod counts as available only after minReadySeconds", async (t) => {
  const cluster = await started({ replicas: 1, minReadySeconds: 10 });
  t.after(cluster.stop);
  await cluster.settle({ node: true });
  assert.equal(cluster.deployment().status?.readyReplicas, 1);
  assert.equal(cluster.deployment().status?.availableReplicas, undefined);
  await cluster.clock.advance(10_000);
  assert.equal(cluster.deployment().status?.availableReplicas, 1);
});

test("a Deployment deleted in the background takes its ReplicaSets and pods along", async (t) => {
  const cluster = await started();
  t.after(cluster.stop);
  await cluster.settle({ node: true });
  await cluster.client.delete(deployments, "ns", "web", { propagation: "Background" });
  await cluster.settle({ node: true });
  assert.deepEqual([...cluster.replicaSets(), ...cluster.pods()], []);
});

test("orphans are left running, and a new Deployment adopts them", async (t) => {
  const cluster = await started();
  t.after(cluster.stop);
  await cluster.settle({ node: true });
  const before = cluster.pods().map(({ metadata }) => metadata.uid);
  await cluster.client.delete(deployments, "ns", "web", { propagation: "Orphan" });
  await cluster.settle({ node: true });
  assert.equal(cluster.client.get(deployments, "ns", "web"), undefined);
  assert.equal(cluster.replicaSets()[0]?.metadata.ownerReferences, undefined);
  await cluster.client.create(deployments, webDeployment());
  await cluster.settle({ node: true });
  assert.deepEqual(
    cluster.pods().map(({ metadata }) => metadata.uid),
    before,
  );
  assert.equal(cluster.replicaSets()[0]?.metadata.ownerReferences?.[0]?.name, "web");
});

test("in the foreground the Deployment goes last", async (t) => {
  const cluster = await started();
  t.after(cluster.stop);
  await cluster.settle({ node: true });
  const gone: string[] = [];
  for (const resource of [deployments, replicaSets, pods]) {
    const stop = cluster.client.watch(resource, ({ type, object }) => {
      if (type === "DELETED") gone.push(object.kind);
    });
    t.after(stop);
  }
  await cluster.client.delete(deployments, "ns", "web", { propagation: "Foreground" });
  await cluster.settle({ node: true });
  assert.deepEqual(gone, ["Pod", "Pod", "Pod", "ReplicaSet", "Deployment"]);
});
