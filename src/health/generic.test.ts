import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Json, JsonObject } from "../model/json.ts";
import { computeHealth } from "./compute.ts";

/** A status of a kind that nobody has heard of, of generation 2; other members of the object beside it. */
function judged(status: Json, rest: JsonObject = {}): string {
  const metadata = { name: "it", namespace: "shop", generation: 2 };
  const health = computeHealth({ apiVersion: "shop.example/v1", kind: "Cart", metadata, ...rest, status });
  assert.ok(health.final !== true, "nobody can know that a failure of a foreign kind is for good");
  return health.status;
}

/** `Type` is True, `!Type` False, `?Type` Unknown; a reason follows a colon. */
function conditions(...texts: readonly string[]): JsonObject {
  const list = texts.map((text) => {
    const [, mark = "", type = "", reason = ""] = /^([!?]?)([^:]+):?(.*)$/.exec(text) ?? [];
    const status = mark === "!" ? "False" : mark === "?" ? "Unknown" : "True";
    return { type, status, reason, message: `${type} it is` };
  });
  return { conditions: list };
}

test("conditions are judged by what their types mean, with no list of projects", () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    // A sum of its own, and what contradicts it: a managed resource of a cloud that cannot be written any more.
    ["Current", ["Ready", "Synced"]],
    ["InProgress", ["Ready", "!Synced"]],
    ["Failed", ["Ready", "!Synced:ReconcileError"]],
    ["InProgress", ["!Ready", "Synced"]],
    ["Failed", ["Ready", "Degraded"]],
    ["Failed", ["Ready", "Cloud.Terminal"]],
    // Ready sums these up: they are about something else than the delivery.
    ["Current", ["Ready", "!Active", "!Fallback", "?Paused"]],
    ["Current", ["Ready", "!LastBackupSucceeded", "ContinuousArchiving"]],
    ["Current", ["Ready", "LastBackupFailed", "!Upgradeable"]],
    // Ready says that what was serves still, while something newer is being made.
    ["InProgress", ["Ready", "Issuing"]],
    ["InProgress", ["Ready", "RolloutProgressing"]],
    ["Current", ["Ready", "Progressing"]],
    // Where nothing sums up, all that is hoped for must be so.
    ["Current", ["Installed", "Healthy"]],
    ["InProgress", ["Installed", "!Healthy"]],
    ["InProgress", ["Installed", "?Healthy"]],
    ["InProgress", ["!Established", "Offered"]],
    ["InProgress", ["!ready"]],
    ["Current", ["initializing", "ready"]],
    ["InProgress", ["!Synced"]],
    ["InProgress", ["!AllReplicasReady", "ClusterAvailable", "!NoWarnings"]],
    ["Current", ["AllReplicasReady", "ClusterAvailable", "!NoWarnings"]],
    ["InProgress", ["!Cloud.ResourceSynced"]],
    ["Current", ["Configured", "Deployed"]],
    ["InProgress", ["Configured", "!Deployed"]],
    ["InProgress", ["?Succeeded:Running"]],
    ["Failed", ["!Succeeded:TaskFailed"]],
    ["Current", ["Succeeded"]],
    ["InProgress", ["Accepted", "!Programmed"]],
    ["Current", ["Accepted", "Programmed"]],
    // What is feared.
    ["Failed", ["NotReady"]],
    ["Current", ["!NotReady"]],
    ["Failed", ["HasErrors"]],
    ["Failed", ["ErrorOccurred"]],
    ["Failed", ["FailedScale"]],
    ["Failed", ["net.example/PoolConflict"]],
    ["Failed", ["Available", "SourcesUnhealthy"]],
    ["Current", ["!SubmissionError"]],
    // What is being done. Progressing stays True for ever in some projects, unless Degraded stands beside it.
    ["InProgress", ["!Updated", "Updating"]],
    ["InProgress", ["Available", "InstallPlanPending"]],
    ["InProgress", ["Available", "RollingOut"]],
    ["Current", ["Available", "Progressing"]],
    ["Failed", ["Available", "!Progressing:ProgressDeadlineExceeded"]],
    ["InProgress", ["Available", "Progressing", "!Degraded"]],
    ["Current", ["Available", "!Progressing", "!Degraded"]],
    ["Failed", ["Available", "!Progressing", "Degraded"]],
    // Types that say nothing of health.
    ["Current", ["!SomeCondition", "Other"]],
  ];
  for (const [expected, texts] of cases) assert.equal(judged(conditions(...texts)), expected, texts.join(" "));
});

test("a word by which a status sums itself up is judged by its meaning, and one without a known meaning is Unknown", () => {
  const cases: { readonly [status: string]: readonly Json[] } = {
    Current: [
      { phase: "Running" },
      { phase: "Ready", state: "Created" },
      { state: "valid" },
      { phase: "Cluster in healthy state" },
      { phase: "Initialized" },
      { health: { status: "Healthy" }, sync: { status: "OutOfSync" } },
      { health: "green" },
      { applicationState: { state: "RUNNING" } },
      { phase: "Succeeded", startedAt: "2026-01-01T00:00:00Z", finishedAt: "2026-01-01T00:01:00Z" },
      { state: "AtLatestKnown", ...conditions("!SourcesUnhealthy") },
      { readyToUse: true },
      { stage: "complete", stageStatus: "success" },
      { lastRunStatus: "Failed" },
      { users: 3 },
      { observedGeneration: 2 },
    ],
    InProgress: [
      { phase: "Provisioning" },
      { phase: "Pending" },
      { phase: "ApplyingChanges", health: "green" },
      { phase: "Setting up primary" },
      { phase: "Switchover in progress" },
      { state: "RequiresApproval" },
      { phase: "NotReady" },
      { phase: "VMNotReady" },
      { phase: "Paused" },
      { phase: "Progressing", currentPodHash: "abc" },
      { phase: "Running", startedAt: "2026-01-01T00:00:00Z", finishedAt: null },
      { health: "yellow" },
      { health: { status: "Progressing" } },
      { readyToUse: false },
      { phase: "Ready", ready: false },
      { phase: "", message: "" },
      { applicationState: { state: "" } },
      { nodes: [{ ready: true }, { ready: false }] },
      { jobManagerDeploymentStatus: "DEPLOYED_NOT_READY" },
    ],
    Failed: [
      { phase: "Failed" },
      { phase: "Degraded" },
      { state: "errored" },
      { phase: "PartiallyFailed" },
      { state: "IOError" },
      { DatabaseStatus: "CreateFailed" },
      { jobManagerDeploymentStatus: "ERROR" },
      { health: "red" },
      { health: { status: "Missing" } },
      { phase: "Ready", state: "error" },
      { currentStatus: "invalid" },
      { phase: "Unable to create what it needs" },
      { phase: "It is unrecoverable" },
      { failureReason: "InvalidConfiguration" },
      { error: { message: "no such class" }, readyToUse: false },
      { phase: "Running", errorMessage: "cannot reach the API" },
    ],
    Unknown: [
      { phase: "AtLatestKnown" },
      { state: "Wonderful" },
      { phase: "Phase 3" },
      { phase: "no" },
      { currentState: "Two of them exist" },
      { phase: "Wonderful", ...conditions("?Degraded") },
    ],
  };
  for (const [expected, list] of Object.entries(cases)) {
    for (const status of list) assert.equal(judged(status), expected, JSON.stringify(status));
  }
});

test("what is asked to rest is as it should be when it rests", () => {
  assert.equal(judged({ phase: "Paused" }, { spec: { paused: true } }), "Current");
  assert.equal(judged({ state: "stopped" }, { spec: { pause: true } }), "Current");
  assert.equal(judged({ phase: "Paused" }, { spec: { paused: false } }), "InProgress");
  const stopped = { printableStatus: "Stopped", ...conditions("!Ready") };
  assert.equal(judged(stopped, { spec: { running: false } }), "Current");
  assert.equal(judged(stopped, { spec: { runStrategy: "Halted" } }), "Current");
  assert.equal(judged(stopped, { spec: { runStrategy: "Always" } }), "InProgress");
  assert.equal(judged({ phase: "Failed" }, { spec: { paused: true } }), "Failed");
  assert.equal(judged({ phase: "Paused", ...conditions("Degraded") }, { spec: { paused: true } }), "Failed");
  assert.equal(judged({ phase: "Paused", updatedReplicas: 1 }, { spec: { paused: true, replicas: 3 } }), "InProgress");
});

test("what is scheduled is as it should be where it has a schedule, and waits anywhere else", () => {
  assert.equal(judged({ scheduleState: "Scheduled" }, { spec: { schedule: "@every 5m" } }), "Current");
  assert.equal(judged({ phase: "Scheduled" }), "InProgress");
});

test("a condition whose message is a number counts something, and hopes for nothing", () => {
  const count = { type: "net.example/IPsAvailable", status: "Unknown", reason: "noreason", message: "4" };
  const conflict = { type: "net.example/PoolConflict", status: "False" };
  assert.equal(judged({ conditions: [conflict, count] }), "Current");
  assert.equal(judged({ conditions: [{ ...count, message: "nobody knows" }] }), "InProgress");
});

test("thousands of conditions of an older generation are judged at once, since the engine waits for it", () => {
  const list = Array.from({ length: 15_000 }, (_, n) => ({ type: `${n}Ready`, status: "True", observedGeneration: 1 }));
  const before = process.cpuUsage();
  assert.equal(judged({ conditions: list }), "InProgress");
  const { user } = process.cpuUsage(before);
  assert.ok(user < 3_000_000, `it took ${user / 1000} ms`);
});

test("fewer replicas than are wanted are not healthy, whoever counts them", () => {
  const spec = { replicas: 3 };
  assert.equal(judged({ replicas: 3, readyReplicas: 2, updatedReplicas: 3 }, { spec }), "InProgress");
  assert.equal(judged({ replicas: 3, readyReplicas: 3, updatedReplicas: 1 }, { spec }), "InProgress");
  assert.equal(judged({ replicas: 3, readyReplicas: 3, updatedAvailableReplicas: 2 }, { spec }), "InProgress");
  assert.equal(judged({ replicas: 3, readyReplicas: 3, updatedReplicas: 3 }, { spec }), "Current");
  assert.equal(judged({ replicas: 4, readyReplicas: 3, updatedReplicas: 3 }, { spec }), "InProgress");
  assert.equal(judged({ replicas: 9, availableReplicas: 9 }, { spec: { ...spec, shards: 3 } }), "Current");
  assert.equal(judged({ replicas: 10, availableReplicas: 9 }, { spec: { ...spec, shards: 3 } }), "InProgress");
  assert.equal(judged({ replicas: 3, readyReplicas: 2, ...conditions("Ready") }, { spec }), "InProgress");
  assert.equal(judged({ replicas: 3, readyReplicas: 3, ...conditions("Ready") }, { spec }), "Current");
});

test("nodes that are to be served are counted as a DaemonSet's, none of them where the count is left out", () => {
  const counted = { desiredNumberScheduled: 2, currentNumberScheduled: 2, updatedNumberScheduled: 2, numberReady: 2 };
  assert.equal(judged({ ...counted, numberAvailable: 2 }), "Current");
  assert.equal(judged({ ...counted, numberAvailable: 2, updatedNumberScheduled: 1 }), "InProgress");
  assert.equal(judged(counted), "InProgress");
  assert.equal(judged({ expectedNodes: 3, availableNodes: 2 }), "InProgress");
  assert.equal(judged({ expectedNodes: 3 }), "InProgress");
  assert.equal(judged({ expectedMachines: 3, currentHealthy: 2 }), "InProgress");
  assert.equal(judged({ desiredNumberScheduled: 0 }), "Current");
});

test("each who has a part in it is asked, and one of an older generation only where there are no others", () => {
  const party = (generation: number, type: string, status: string): JsonObject => ({
    conditions: [{ type, status, observedGeneration: generation }],
  });
  assert.equal(judged({ parents: [party(2, "Accepted", "True")] }), "Current");
  assert.equal(judged({ parents: [party(2, "Accepted", "True"), party(2, "ResolvedRefs", "False")] }), "InProgress");
  assert.equal(judged({ parents: [party(1, "Accepted", "True")] }), "InProgress");
  assert.equal(judged({ parents: [party(1, "Accepted", "True"), { conditions: [] }] }), "InProgress");
  assert.equal(judged({ parents: [party(1, "Accepted", "False"), party(2, "Accepted", "True")] }), "Current");
  assert.equal(judged({ ...conditions("Accepted"), listeners: [party(2, "ResolvedRefs", "False")] }), "InProgress");
});

test("a condition of an older generation is no evidence of health (R1)", () => {
  for (const type of ["Ready", "Available", "Healthy", "Established", "Succeeded"]) {
    assert.equal(judged({ conditions: [{ type, status: "True", observedGeneration: 1 }] }), "InProgress", type);
  }
});

test("a condition that did not change keeps the generation in which it came about, while others are of the newest", () => {
  const kept = { type: "Initialized", status: "True", observedGeneration: 1 };
  const available = { type: "Available", status: "True", observedGeneration: 2 };
  assert.equal(judged({ conditions: [kept, available] }), "Current");
  assert.equal(judged({ observedGeneration: 2, conditions: [kept] }), "Current");
  assert.equal(judged({ conditions: [{ ...kept, status: "False" }, available] }), "InProgress");
  assert.equal(judged({ conditions: [kept] }), "InProgress");
});

test("conditions of an object that tells no generation cannot be older than it", () => {
  const metadata = { name: "it" };
  for (const type of ["Ready", "Programmed"]) {
    const conditions = [{ type, status: "True", observedGeneration: 1 }];
    assert.equal(judged({ conditions }, { metadata }), "Current", type);
    assert.equal(judged({ parents: [{ conditions }] }, { metadata }), "Current", type);
  }
});

test("a story in the place of a word is told on one line and of bearable length", () => {
  const status = { phase: `Failed\n${"and so on ".repeat(100)}` };
  const { message } = computeHealth({ apiVersion: "shop.example/v1", kind: "Cart", metadata: { name: "it" }, status });
  assert.match(message, /^its status\.phase is Failed and so on/);
  assert.ok(message.length < 250 && !message.includes("\n"));
});

test("why nothing can be told is said with the remedy", () => {
  const { message } = computeHealth({ apiVersion: "shop.example/v1", kind: "Cart", metadata: { name: "it" } });
  assert.match(message, /no status.*a rule for its kind under health in delivery\.yaml tells it$/);
});

test("whatever a status holds, it is judged without a throw, and bad news beats good news", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), (any) => {
      const more: JsonObject = typeof any === "object" && any !== null && !Array.isArray(any) ? any : {};
      assert.notEqual(judged({ ...more, state: "ready", phase: "Failed", conditions: [] }), "Current");
      assert.ok(judged(any) !== "");
    }),
    { numRuns: 300 },
  );
});
