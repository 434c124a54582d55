import assert from "node:assert/strict";
import { test } from "node:test";
import type { Health } from "../model/health.ts";
import type { JsonObject } from "../model/json.ts";
import { cronJobHealth, jobHealth } from "./jobs.ts";

function word({ status, reason, final }: Health): string {
  return `${status} ${reason}${final ? " final" : ""}`;
}

test("a Job is healthy when it is done or suspended, and a failed one is final (R2)", () => {
  const is = (type: string, status = "True"): JsonObject => ({ conditions: [{ type, status }] });
  const cases: readonly (readonly [JsonObject, JsonObject, string])[] = [
    [{}, {}, "InProgress JobNotStarted"],
    [{}, { startTime: "2026-01-01T00:00:00Z", active: 1 }, "InProgress JobRunning"],
    [{}, is("Complete"), "Current JobComplete"],
    [{}, is("Failed"), "Failed JobFailed final"],
    [{}, is("FailureTarget"), "Failed JobFailing"],
    [{}, is("SuccessCriteriaMet"), "InProgress JobCompleting"],
    [{ suspend: true }, {}, "Current JobSuspended"],
    [{ suspend: true }, is("Suspended"), "Current JobSuspended"],
    [{ suspend: true }, is("Suspended", "False"), "InProgress JobNotStarted"],
    [{ suspend: false }, is("Suspended"), "InProgress JobNotStarted"],
  ];
  for (const [spec, status, expected] of cases) {
    assert.equal(word(jobHealth({ spec, status })), expected, JSON.stringify({ spec, status }));
  }
});

test("a Job says why it failed, and how far it is", () => {
  const failure = { type: "Failed", status: "True", message: "Job has reached the specified backoff limit" };
  assert.equal(jobHealth({ status: { conditions: [failure] } }).message, `it failed: ${failure.message}`);
  const status = { startTime: "2026-01-01T00:00:00Z", active: 2, succeeded: 3 };
  assert.equal(jobHealth({ status }).message, "it runs: 2 active, 3 succeeded");
  const worse = { ...status, failed: 4, failedIndexes: "1,3-5" };
  assert.equal(
    jobHealth({ status: worse }).message,
    "it runs: 2 active, 3 succeeded, 4 failed; its indexes 1,3-5 failed",
  );
  const lost = { failedIndexes: "1", conditions: [{ ...failure, message: "Job has failed indexes" }] };
  assert.equal(jobHealth({ status: lost }).message, "it failed: Job has failed indexes; its indexes 1 failed");
});

test("a CronJob has failed when its last run ended without success", () => {
  const [early, late] = ["2026-01-01T10:00:00Z", "2026-01-01T11:00:00Z"];
  const cases: readonly (readonly [JsonObject, JsonObject, string])[] = [
    [{}, {}, "Current NotScheduledYet"],
    [{}, { lastScheduleTime: late }, "Current NeverSucceeded"],
    [{}, { lastScheduleTime: early, lastSuccessfulTime: late }, "Current LastRunSucceeded"],
    [{}, { lastScheduleTime: late, lastSuccessfulTime: late }, "Current LastRunSucceeded"],
    [{}, { lastScheduleTime: late, lastSuccessfulTime: early }, "Failed LastRunFailed"],
    [{}, { lastScheduleTime: late, lastSuccessfulTime: early, active: [{}] }, "Current CronJobRunning"],
    [{ suspend: true }, { lastScheduleTime: late, lastSuccessfulTime: early }, "Current CronJobSuspended"],
  ];
  for (const [spec, status, expected] of cases) {
    assert.equal(word(cronJobHealth({ spec, status })), expected, JSON.stringify(status));
  }
});

test("a run from before the last change does not count against a CronJob, so that a fix can become healthy (R1, R5)", () => {
  const status = { lastScheduleTime: "2026-01-01T11:00:00Z", lastSuccessfulTime: "2026-01-01T10:00:00Z" };
  const changedAt = (time: string): string => {
    const seen = { subresource: "status", time: "2026-01-09T00:00:00Z" };
    return word(cronJobHealth({ metadata: { managedFields: [{ time }, seen] }, status }));
  };
  assert.equal(changedAt("2026-01-01T12:00:00Z"), "Current NotRunSinceChange");
  assert.equal(changedAt("2026-01-01T09:00:00Z"), "Failed LastRunFailed");
});
