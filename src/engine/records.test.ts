import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleRecord } from "../history/sample-record.ts";
import { sameDecision } from "./records.ts";

test("that something recovered is written where the log's last word is that it is unhealthy", () => {
  const well = sampleRecord({});
  const degraded = { ...well, degradedSince: "2026-11-23T20:01:00.000Z" };
  assert.equal(sameDecision(well, well), true);
  assert.equal(sameDecision(well, degraded), true, "it has the deadline to recover, and nothing is decided");
  assert.equal(sameDecision(degraded, degraded), true);
  assert.equal(sameDecision(degraded, well), false);
});
