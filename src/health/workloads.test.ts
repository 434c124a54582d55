import assert from "node:assert/strict";
import { test } from "node:test";
import type { Health } from "../model/health.ts";
import type { Json, JsonObject } from "../model/json.ts";
import { daemonSetHealth, deploymentHealth, replicaSetHealth, statefulSetHealth } from "./workloads.ts";

type Case = readonly [string, JsonObject, JsonObject, string];

function word({ status, reason, final }: Health): string {
  return `${status} ${reason}${final ? " final" : ""}`;
}

/** Judges each case by the rule: what it is about, spec, what differs from a status where all is well, the verdict. */
function judge(rule: (object: Json) => Health, well: JsonObject, cases: readonly Case[]): void {
  for (const [about, spec, differs, expected] of cases) {
    const object = { metadata: { name: "web", generation: 1 }, spec, status: { ...well, ...differs } };
    assert.equal(word(rule(object)), expected, about);
  }
}

const available = { type: "Available", status: "True" };
const progressed = { type: "Progressing", status: "True", reason: "NewReplicaSetAvailable" };

test("a Deployment is Current only when every pod is new, ready and available, and nothing is left over", () => {
  const counts = { replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 };
  const well = { observedGeneration: 1, ...counts, conditions: [available, progressed] };
  const spec = { replicas: 2, progressDeadlineSeconds: 60 };
  const late = { type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded" };
  judge(deploymentHealth, well, [
    ["all is well", spec, {}, "Current DeploymentAvailable"],
    ["one is missing", spec, { replicas: 1 }, "InProgress LessReplicas"],
    ["one is old", spec, { updatedReplicas: 1 }, "InProgress LessUpdated"],
    ["an old one is left", spec, { replicas: 3 }, "InProgress ExtraPods"],
    ["one is not available", spec, { availableReplicas: 1 }, "InProgress LessAvailable"],
    ["one is not ready", spec, { readyReplicas: 1 }, "InProgress LessReady"],
    ["no condition about progress", spec, { conditions: [available] }, "InProgress ReplicaSetNotAvailable"],
    ["no deadline, no such condition", { replicas: 2 }, { conditions: [available] }, "Current DeploymentAvailable"],
    ["not available", spec, { conditions: [progressed] }, "InProgress DeploymentNotAvailable"],
    ["deadline passed", spec, { conditions: [available, late] }, "Failed ProgressDeadlineExceeded final"],
    ["no generation seen", spec, { observedGeneration: undefined }, "InProgress NoObservedGeneration"],
    ["one by default", {}, { ...counts, replicas: 1, updatedReplicas: 1 }, "Current DeploymentAvailable"],
  ]);
});

test("a Deployment that may not create pods or is paused says so", () => {
  const message = 'pods "web-1-" is forbidden: exceeded quota: small';
  const status = { observedGeneration: 1, conditions: [{ type: "ReplicaFailure", status: "True", message }] };
  assert.deepEqual(deploymentHealth({ spec: {}, status }), {
    status: "InProgress",
    reason: "ReplicaFailure",
    message: `its pods cannot be created: ${message}`,
  });
  const paused = deploymentHealth({ spec: { paused: true }, status: { observedGeneration: 1, replicas: 1 } });
  assert.equal(paused.message, "0 of 1 pods are updated; it is paused");
});

test("a ReplicaSet is Current when all its pods carry its labels, are ready and available", () => {
  const well = { observedGeneration: 1, replicas: 2, fullyLabeledReplicas: 2, readyReplicas: 2, availableReplicas: 2 };
  const spec = { replicas: 2 };
  const refusal = { conditions: [{ type: "ReplicaFailure", status: "True" }] };
  judge(replicaSetHealth, well, [
    ["all is well", spec, {}, "Current ReplicaSetAvailable"],
    ["labels are missing", spec, { fullyLabeledReplicas: 1 }, "InProgress LessLabelled"],
    ["one is not available", spec, { availableReplicas: 1 }, "InProgress LessAvailable"],
    ["one is not ready", spec, { readyReplicas: 1 }, "InProgress LessReady"],
    ["one too many", spec, { replicas: 3 }, "InProgress ExtraPods"],
    ["pods are refused", spec, refusal, "InProgress ReplicaFailure"],
    ["no generation seen", spec, { observedGeneration: undefined }, "InProgress NoObservedGeneration"],
  ]);
});

test("a StatefulSet is Current when its pods are ready and of the revision that it is to have", () => {
  const counts = { replicas: 3, readyReplicas: 3, currentReplicas: 3, updatedReplicas: 3 };
  const well = { observedGeneration: 1, ...counts, currentRevision: "b", updateRevision: "b" };
  const spec = { replicas: 3 };
  const from = (partition: number): JsonObject => ({ replicas: 3, updateStrategy: { rollingUpdate: { partition } } });
  const onDelete = { replicas: 3, updateStrategy: { type: "OnDelete" } };
  judge(statefulSetHealth, well, [
    ["all is well", spec, {}, "Current AllReplicasScheduled"],
    ["one is missing", spec, { replicas: 2 }, "InProgress LessReplicas"],
    ["one is not ready", spec, { readyReplicas: 2 }, "InProgress LessReady"],
    ["one too many", spec, { replicas: 4 }, "InProgress ExtraPods"],
    ["one is old", spec, { currentReplicas: 2 }, "InProgress LessCurrent"],
    ["revisions differ", spec, { currentRevision: "a" }, "InProgress RevisionMismatch"],
    ["no part held back, revisions differ", from(0), { currentRevision: "a" }, "InProgress RevisionMismatch"],
    [
      "held back from 2, done",
      from(2),
      { updatedReplicas: 1, currentRevision: "a" },
      "Current PartitionRolloutComplete",
    ],
    ["held back from 2, not begun", from(2), { updatedReplicas: 0 }, "InProgress PartitionRollout"],
    ["updated on deletion", onDelete, { updatedReplicas: 0, currentRevision: "a" }, "Current OnDelete"],
    ["updated on deletion, not ready", onDelete, { readyReplicas: 2 }, "InProgress LessReady"],
    ["no generation seen", spec, { observedGeneration: undefined }, "InProgress NoObservedGeneration"],
  ]);
});

test("a DaemonSet is Current when every node that is to have its pod has it, new and ready", () => {
  const well = {
    observedGeneration: 1,
    desiredNumberScheduled: 2,
    currentNumberScheduled: 2,
    updatedNumberScheduled: 2,
    numberAvailable: 2,
    numberReady: 2,
  };
  const onDelete = { updateStrategy: { type: "OnDelete" } };
  judge(daemonSetHealth, well, [
    ["all is well", {}, {}, "Current AllReplicasScheduled"],
    ["no generation seen", {}, { observedGeneration: undefined }, "InProgress NoObservedGeneration"],
    ["no number wanted", {}, { desiredNumberScheduled: undefined }, "InProgress NoDesiredNumber"],
    ["one is missing", {}, { currentNumberScheduled: 1 }, "InProgress LessCurrent"],
    ["one is old", {}, { updatedNumberScheduled: 1 }, "InProgress LessUpdated"],
    ["one is not available", {}, { numberAvailable: 1 }, "InProgress LessAvailable"],
    ["one is not ready", {}, { numberReady: 1 }, "InProgress LessReady"],
    ["no node wants it", {}, { desiredNumberScheduled: 0, numberReady: 0 }, "Current AllReplicasScheduled"],
    ["updated on deletion", onDelete, { updatedNumberScheduled: 0 }, "Current AllReplicasScheduled"],
    ["updated on deletion, not ready", onDelete, { numberReady: 1 }, "InProgress LessReady"],
  ]);
});
