import assert from "node:assert/strict";
import { test } from "node:test";
import type { JobSpec } from "kubernetes-types/batch/v1.js";
import { isTerminating, jobs, pods, type Job } from "../objects.ts";
import { startTestCluster, type TestCluster } from "../cluster-in-test.ts";
import { nextTryMs } from "./failure.ts";
import { indexName } from "./indexes.ts";

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

/** Gives the pod of an index (the first one without) a status, and lets it be counted. */
async function setStatus(cluster: TestCluster, index: string | undefined, status: object): Promise<void> {
  const pod = cluster
    .pods()
    .find(({ metadata, status: now }) => metadata.annotations?.[indexName] === index && now?.phase === "Pending");
  await cluster.client.mergePatch(pods, "ns", pod?.metadata.name ?? "", { status }, "status");
  await cluster.clock.advance(1000);
  await cluster.settle();
}

function exited(exitCode: number): object {
  const containerStatuses = [{ name: "c", state: { terminated: { exitCode } } }];
  return { phase: exitCode === 0 ? "Succeeded" : "Failed", containerStatuses };
}

test("a suspended Job's pods go without counting as failed", async (t) => {
  const cluster = await started({ parallelism: 2, completions: 2 });
  t.after(cluster.stop);
  await cluster.client.mergePatch(jobs, "ns", "job", { spec: { suspend: true } });
  await cluster.settle({ node: true });
  await cluster.clock.advance(2000);
  assert.deepEqual([cluster.pods(), conditions(cluster)], [[], ["Suspended True JobSuspended"]]);
  const { failed, active, terminating } = jobOf(cluster)?.status ?? {};
  assert.deepEqual([failed, active, terminating], [undefined, undefined, 0]);
});

test("an indexed Job gives each pod its index and wants one success of each", async (t) => {
  const cluster = await started({ completionMode: "Indexed", completions: 3, parallelism: 2 });
  t.after(cluster.stop);
  const [first] = cluster.pods();
  assert.match(first?.metadata.name ?? "", /^job-0-[a-z0-9]{5}$/);
  assert.equal(first?.spec.hostname, "job-0");
  assert.equal(first.metadata.labels?.[indexName], "0");
  assert.deepEqual(
    first.spec.containers[0]?.env?.map(({ name, valueFrom }) => [name, valueFrom?.fieldRef?.fieldPath]),
    [["JOB_COMPLETION_INDEX", `metadata.labels['${indexName}']`]],
  );
  await setStatus(cluster, "1", exited(0));
  assert.deepEqual([jobOf(cluster)?.status?.completedIndexes, jobOf(cluster)?.status?.active], ["1", 2]);
  await setStatus(cluster, "0", exited(0));
  await setStatus(cluster, "2", exited(0));
  assert.equal(jobOf(cluster)?.status?.completedIndexes, "0-2");
  assert.equal(conditions(cluster).at(-1), "Complete True CompletionsReached");
});

test("a policy fails a Job at once, or ignores a failure", async (t) => {
  const rules = [
    { action: "Ignore", onExitCodes: { operator: "In", values: [3] } },
    { action: "FailJob", onExitCodes: { containerName: "c", operator: "NotIn", values: [1, 2] } },
  ];
  const cluster = await started({ podFailurePolicy: { rules }, backoffLimit: 0, parallelism: 2, completions: 2 });
  t.after(cluster.stop);
  await setStatus(cluster, undefined, exited(3));
  assert.deepEqual([jobOf(cluster)?.status?.failed, conditions(cluster)], [undefined, []]);
  await setStatus(cluster, undefined, exited(42));
  assert.equal(conditions(cluster)[0], "FailureTarget True PodFailurePolicy");
  assert.match(
    jobOf(cluster)?.status?.conditions?.[0]?.message ?? "",
    /^Container c for pod ns\/job-[a-z0-9]{5} failed with exit code 42 matching FailJob rule at index 1$/,
  );
});

test("where failures count by index, each index has its own limit and its own wait", async (t) => {
  const spec = { completionMode: "Indexed", completions: 2, parallelism: 2, backoffLimitPerIndex: 1 };
  const cluster = await started(spec);
  t.after(cluster.stop);
  assert.equal(jobOf(cluster)?.status?.failedIndexes, "");
  await setStatus(cluster, "0", exited(0));
  await setStatus(cluster, "1", exited(1));
  const held = cluster.pods().filter(({ metadata }) => metadata.finalizers?.length);
  assert.deepEqual([held.length, jobOf(cluster)?.status?.failed], [1, undefined], "held for its successor");
  await cluster.clock.advance(11_000);
  assert.equal(jobOf(cluster)?.status?.failed, 1);
  const second = cluster.pods().find(({ status }) => status?.phase === "Pending");
  assert.equal(second?.metadata.annotations?.["batch.kubernetes.io/job-index-failure-count"], "1");
  await setStatus(cluster, "1", exited(1));
  assert.deepEqual([jobOf(cluster)?.status?.failedIndexes, jobOf(cluster)?.status?.failed], ["1", 2]);
  assert.deepEqual(conditions(cluster), ["FailureTarget True FailedIndexes", "Failed True FailedIndexes"]);
});

test("a policy of success ends a Job early, and its other pods do not count as failed", async (t) => {
  const successPolicy = { rules: [{ succeededIndexes: "0-1", succeededCount: 1 }] };
  const spec = { completionMode: "Indexed", completions: 3, parallelism: 3, successPolicy };
  const cluster = await started(spec);
  t.after(cluster.stop);
  const [running] = cluster.pods();
  assert.ok(running);
  await cluster.setReady(running, true);
  await setStatus(cluster, "2", exited(0));
  assert.deepEqual(conditions(cluster), []);
  await setStatus(cluster, "1", exited(0));
  assert.deepEqual(conditions(cluster), ["SuccessCriteriaMet True SuccessPolicy"]);
  assert.equal(jobOf(cluster)?.status?.terminating, 1);
  await cluster.settle({ node: true });
  await cluster.clock.advance(1000);
  assert.deepEqual(conditions(cluster), ["SuccessCriteriaMet True SuccessPolicy", "Complete True SuccessPolicy"]);
  assert.equal(jobOf(cluster)?.status?.failed, undefined);
});

test("a pod that is deleted counts as failed, and is replaced after the wait", async (t) => {
  const cluster = await started();
  t.after(cluster.stop);
  const [pod] = cluster.pods();
  await cluster.client.delete(pods, "ns", pod?.metadata.name ?? "");
  await cluster.clock.advance(1000);
  assert.equal(jobOf(cluster)?.status?.failed, 1);
  await cluster.settle({ node: true });
  assert.deepEqual(cluster.pods(), []);
  await cluster.clock.advance(11_000);
  assert.equal(cluster.pods().length, 1);
});
