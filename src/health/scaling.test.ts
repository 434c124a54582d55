import assert from "node:assert/strict";
import { test } from "node:test";
import type { Health } from "../model/health.ts";
import type { Json, JsonObject } from "../model/json.ts";
import { autoscalerHealth, disruptionBudgetHealth } from "./scaling.ts";

function word({ status, reason, final }: Health): string {
  return `${status} ${reason}${final ? " final" : ""}`;
}

const is = (type: string, status: string, reason: string): JsonObject => ({ type, status, reason, message: "so" });

const autoscalers: readonly (readonly [string, readonly Json[], string])[] = [
  ["no conditions", [], "InProgress WaitingToScale"],
  [
    "it scales",
    [is("AbleToScale", "True", "ReadyForNewScale"), is("ScalingActive", "True", "ValidMetricFound")],
    "Current ReadyForNewScale",
  ],
  ["its target is gone", [is("AbleToScale", "False", "FailedGetScale")], "Failed FailedGetScale"],
  [
    "it gets no metrics",
    [is("AbleToScale", "True", "SucceededGetScale"), is("ScalingActive", "False", "FailedGetObjectMetric")],
    "Failed FailedGetObjectMetric",
  ],
  ["its selector is invalid", [is("ScalingActive", "False", "InvalidSelector")], "Failed InvalidSelector"],
  [
    "scaled to zero by hand",
    [is("AbleToScale", "True", "SucceededGetScale"), is("ScalingActive", "False", "ScalingDisabled")],
    "Current SucceededGetScale",
  ],
  ["not able yet", [is("AbleToScale", "False", "BackoffBoth")], "InProgress WaitingToScale"],
  ["only active", [is("ScalingActive", "True", "ValidMetricFound")], "InProgress WaitingToScale"],
];

test("an autoscaler is healthy when it can scale, by its conditions (autoscaling/v2)", () => {
  for (const [about, conditions, expected] of autoscalers) {
    assert.equal(word(autoscalerHealth({ status: { conditions } })), expected, about);
  }
});

test("an autoscaler of autoscaling/v1 says the same in an annotation", () => {
  const key = "autoscaling.alpha.kubernetes.io/conditions";
  const judged = (text: string): string => word(autoscalerHealth({ metadata: { annotations: { [key]: text } } }));
  for (const [about, conditions, expected] of autoscalers)
    assert.equal(judged(JSON.stringify(conditions)), expected, about);
  assert.equal(judged("[{"), "Unknown UnreadableStatus");
  assert.equal(judged('"AbleToScale"'), "Unknown UnreadableStatus");
  assert.equal(word(autoscalerHealth({ metadata: {} })), "InProgress WaitingToScale");
});

test("a disruption budget waits to be counted, and that it allows no disruption is no failure", () => {
  const cases: readonly (readonly [JsonObject, string])[] = [
    [{}, "InProgress NotObserved"],
    [{ observedGeneration: 1 }, "Current Observed"],
    [{ conditions: [is("DisruptionAllowed", "True", "SufficientPods")] }, "Current Observed"],
    [{ conditions: [is("DisruptionAllowed", "False", "InsufficientPods")] }, "Current Observed"],
    [{ conditions: [is("DisruptionAllowed", "False", "SyncFailed")] }, "Failed SyncFailed"],
  ];
  for (const [status, expected] of cases) {
    assert.equal(word(disruptionBudgetHealth({ status })), expected, JSON.stringify(status));
  }
});
