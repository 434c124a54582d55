import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { deployments, isTerminating, pods, type Pod } from "../objects.ts";
import { isReady } from "../pod-control.ts";
import { startTestCluster, webDeployment, webTemplate } from "../cluster-in-test.ts";
import { fenceposts } from "./sizes.ts";

const rollout = fc.record({
  replicas: fc.integer({ min: 1, max: 6 }),
  surge: fc.constantFrom<number | string>(0, 1, 3, "25%", "50%", "100%"),
  unavailable: fc.constantFrom<number | string>(0, 1, 2, "25%", "50%"),
  order: fc.infiniteStream(fc.nat(1000)),
});

test("on the real server, whatever pod gets ready next, the limits hold at every write and the rollout ends", async () => {
  const property = fc.asyncProperty(rollout, async ({ replicas, surge, unavailable, order }) => {
    fc.pre(surge !== 0 || unavailable !== 0);
    const rollingUpdate = { maxSurge: surge, maxUnavailable: unavailable };
    const deployment = webDeployment({ replicas, strategy: { type: "RollingUpdate", rollingUpdate } });
    const cluster = await startTestCluster();
    await cluster.client.create(deployments, deployment);
    await cluster.settle({ node: true });

    let worst = { available: replicas, total: replicas };
    const endWatch = cluster.client.watch<Pod>(pods, () => {
      const staying = cluster.pods().filter((pod) => !isTerminating(pod));
      const available = Math.min(worst.available, staying.filter(isReady).length);
      worst = { available, total: Math.max(worst.total, staying.length) };
    });
    worst = { available: replicas, total: replicas };
    await cluster.client.mergePatch(deployments, "ns", "web", { spec: { template: webTemplate("web:2") } });
    await cluster.settle();
    for (let turn = 0; turn < 4 * replicas + 4; turn += 1) {
      const waiting = cluster.pods().filter((pod) => !isTerminating(pod) && !isReady(pod));
      const next = waiting[(order.next().value ?? 0) % waiting.length];
      if (!next) break;
      await cluster.setReady(next, true);
      await cluster.settle();
    }
    endWatch();
    cluster.stop();

    const bounds = fenceposts(deployment);
    assert.ok(worst.available >= replicas - bounds.unavailable, `only ${worst.available} available`);
    assert.ok(worst.total <= replicas + bounds.surge, `${worst.total} pods at a time`);
    const { status } = cluster.deployment();
    assert.equal(status?.updatedReplicas, replicas);
    assert.equal(status.conditions?.find(({ type }) => type === "Progressing")?.reason, "NewReplicaSetAvailable");
  });
  await fc.assert(property, { numRuns: 8 });
});
