import assert from "node:assert/strict";
import { test } from "node:test";
import { deployments } from "./objects.ts";
import { startTestCluster, webDeployment } from "./cluster-in-test.ts";
import type { DisruptionBudget } from "./disruption.ts";

const budgets = { group: "policy", resource: "poddisruptionbudgets" };

test("a budget says how many pods may be evicted, and follows their readiness and their controller's size", async (t) => {
  const cluster = await startTestCluster();
  t.after(cluster.stop);
  await cluster.client.create(deployments, webDeployment({ replicas: 4 }));
  const wishes = { absolute: { minAvailable: 3 }, share: { minAvailable: "60%" }, missing: { maxUnavailable: 1 } };
  for (const [name, wish] of Object.entries(wishes)) {
    await cluster.client.create<DisruptionBudget>(budgets, {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: { name, namespace: "ns" },
      spec: { selector: { matchLabels: { app: "web" } }, ...wish },
    });
  }
  await cluster.settle({ node: true });
  const told = (): readonly (readonly [string, number, number, number, string])[] =>
    cluster.client
      .list<DisruptionBudget>(budgets, "ns")
      .map(({ metadata, status }) => [
        metadata.name ?? "",
        status?.desiredHealthy ?? -1,
        status?.currentHealthy ?? -1,
        status?.disruptionsAllowed ?? -1,
        status?.conditions?.[0]?.reason ?? "",
      ]);
  assert.deepEqual(told(), [
    ["absolute", 3, 4, 1, "SufficientPods"],
    ["missing", 3, 4, 1, "SufficientPods"],
    ["share", 3, 4, 1, "SufficientPods"],
  ]);
  const [pod] = cluster.pods();
  assert.ok(pod);
  await cluster.setReady(pod, false);
  await cluster.settle();
  assert.deepEqual(told()[1], ["missing", 3, 3, 0, "InsufficientPods"]);
});
