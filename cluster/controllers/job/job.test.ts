import assert from "node:assert/strict";
import { test } from "node:test";
import type { JobSpec } from "kubernetes-types/batch/v1.js";
import { isTerminating, jobs, pods, type Job } from "../objects.ts";
import { startTestCluster, type TestCluster } from "../cluster-in-test.ts";
import { nextTryMs } from "./failure.ts";

async function started(spec: Partial<JobSpec> = {}): Promise<TestCluster> {
  const cluster = await startTestCluster();
  const template = { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "job:1" }] } };
  const job = { apiVersion: "batch/v1", kind: "Job", metadata: { name: "job", namespace: "ns" } };
  await cluster.client.create<Job>(jobs, { ...job, spec: { template, ...spec } });
  await cluster.settle();
  return cluster;
}

function jobOf(cluster: TestCluster): Job | undefined {
  return cluster.client.get<Job>(jobs, "ns", "job");
}

function conditions(cluster: TestCluster): readonly string[] {
  return (jobOf(cluster)?.status?.conditions ?? []).map(
    ({ type, status, reason }) => `${type} ${status} ${reason ?? ""}`,
  );
}

async function end(cluster: TestCluster, phase: string): Promise<void> {
  for (const pod of cluster.pods()) {
    const { name = "" } = pod.metadata;
    const over = ["Succeeded", "Failed"].includes(pod.status?.phase ?? "");
    if (isTerminating(pod)) await cluster.client.delete(pods, "ns", name, { gracePeriodSeconds: 0 });
    else if (!over) await cluster.client.mergePatch(pods, "ns", name, { status: { phase } }, "status");
  }
  // Changes of pods wait for a second, so that one write counts them all.
  await cluster.clock.advance(1000);
  await cluster.settle();
}

test("a Job runs so many pods at a time until enough have succeeded, and is removed when its time has come", async (t) => {
  const cluster = await started({ completions: 3, parallelism: 2, ttlSecondsAfterFinished: 4 });
  t.after(cluster.stop);
  assert.equal(jobOf(cluster)?.status?.active, 2);
  await end(cluster, "Succeeded");
  assert.deepEqual([jobOf(cluster)?.status?.succeeded, jobOf(cluster)?.status?.active], [2, 1]);
  await end(cluster, "Succeeded");
  assert.deepEqual(conditions(cluster), [
    "SuccessCriteriaMet True CompletionsReached",
    "Complete True CompletionsReached",
  ]);
  assert.equal(jobOf(cluster)?.status?.succeeded, 3);
  assert.ok(jobOf(cluster)?.status?.completionTime);
  assert.equal(cluster.messages("Job").at(-1), "Job completed");
  assert.ok(cluster.pods().every(({ metadata }) => metadata.finalizers === undefined));
  await cluster.clock.advance(4000);
  assert.equal(jobOf(cluster), undefined);
  assert.deepEqual(cluster.pods(), []);
});

test("a failing Job tries again ever more slowly until its limit", async (t) => {
  const cluster = await started({ backoffLimit: 1 });
  t.after(cluster.stop);
  await end(cluster, "Failed");
  assert.equal(cluster.pods().length, 1, "not at once");
  await cluster.clock.advance(10_000);
  assert.equal(cluster.pods().length, 2);
  await end(cluster, "Failed");
  assert.deepEqual(conditions(cluster), [
    "FailureTarget True BackoffLimitExceeded",
    "Failed True BackoffLimitExceeded",
  ]);
  assert.equal(jobOf(cluster)?.status?.failed, 2);
  assert.equal(cluster.messages("Job").at(-1), "Job has reached the specified backoff limit");
  assert.deepEqual(
    [0, 1, 2, 3, 20].map((failures) => nextTryMs({ count: failures, lastMs: 0 })),
    [0, 10_000, 20_000, 40_000, 600_000],
  );
});

test("a Job that takes too long fails once its pods have gone", async (t) => {
  const cluster = await started({ activeDeadlineSeconds: 30 });
  t.after(cluster.stop);
  await cluster.settle({ node: true });
  await cluster.clock.advance(30_000);
  assert.deepEqual(conditions(cluster), ["FailureTarget True DeadlineExceeded"]);
  await end(cluster, "Failed");
  assert.deepEqual(conditions(cluster), ["FailureTarget True DeadlineExceeded", "Failed True DeadlineExceeded"]);
  assert.equal(jobOf(cluster)?.status?.failed, 1);
});

test("a suspended Job has no pods and says when it rests and goes on", async (t) => {
  const cluster = await started({ suspend: true });
  t.after(cluster.stop);
  assert.deepEqual([cluster.pods(), conditions(cluster)], [[], ["Suspended True JobSuspended"]]);
  assert.equal(jobOf(cluster)?.status?.startTime, undefined);
  await cluster.client.mergePatch(jobs, "ns", "job", { spec: { suspend: false } });
  await cluster.settle();
  assert.equal(cluster.pods().length, 1);
  assert.deepEqual(conditions(cluster), ["Suspended False JobResumed"]);
  assert.ok(jobOf(cluster)?.status?.startTime);
});

test("a Job that is deleted takes its pods along", async (t) => {
  const cluster = await started();
  t.after(cluster.stop);
  await cluster.client.delete(jobs, "ns", "job", { propagation: "Background" });
  await cluster.settle({ node: true });
  assert.deepEqual(cluster.pods(), []);
});
