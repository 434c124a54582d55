import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatDuration, parseDuration } from "./duration.ts";

test("durations are read in all their forms", () => {
  const cases = { "10s": 10_000, "2m": 120_000, "1h30m": 5_400_000, "500ms": 500, "0s": 0, "1m1s1ms": 61_001 };
  for (const [text, ms] of Object.entries(cases)) assert.equal(parseDuration(text), ms, text);
});

test("what is no duration is none", () => {
  for (const text of ["", "10", "s", "1.5m", "-1s", "1s1m", "2 m", "1m2", "1d", "1e3s", "2m\n"]) {
    assert.equal(parseDuration(text), undefined, JSON.stringify(text));
  }
});

test("every duration that is written is read back", () => {
  fc.assert(fc.property(fc.nat(10_000_000), (ms) => parseDuration(formatDuration(ms)) === ms));
});
