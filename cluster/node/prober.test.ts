import assert from "node:assert/strict";
import { test } from "node:test";
import type { Probe } from "kubernetes-types/core/v1.js";
import { TurnedClock } from "../turned-clock.ts";
import type { ProbeOutcome } from "./probe-check.ts";
import { startProber } from "./prober.ts";

const ok: ProbeOutcome = { passed: true };
const bad: ProbeOutcome = { passed: false, output: "no", refused: false };
const refused: ProbeOutcome = { passed: false, output: "refused", refused: true };

/** Runs a probe over outcomes; answers what was heard, each with the second it was heard in. */
async function heard(probe: Probe, outcomes: readonly ProbeOutcome[], seconds: number): Promise<readonly string[]> {
  const clock = new TurnedClock();
  const start = clock.now();
  const heard: string[] = [];
  const say = (what: string) => heard.push(`${(clock.now() - start) / 1000}s ${what}`);
  let at = 0;
  const stop = startProber({
    probe,
    clock,
    check: () => {
      say("asked");
      at += 1;
      return Promise.resolve(outcomes[Math.min(at, outcomes.length) - 1] ?? ok);
    },
    onResult: (passed) => say(passed ? "passed" : "failed"),
    onFailure: ({ output }) => say(`failure: ${output}`),
  });
  await clock.advance(seconds * 1000);
  stop();
  const before = heard.length;
  await clock.advance(60_000);
  assert.equal(heard.length, before, "a stopped probe asks no more");
  return heard;
}

test("The first attempt comes after the initial delay, then one each period", async () => {
  assert.deepEqual(await heard({ initialDelaySeconds: 3, periodSeconds: 5 }, [ok], 9), [
    "3s asked",
    "3s passed",
    "8s asked",
    "8s passed",
  ]);
});

test("Only the thresholds decide, but each failure is told", async () => {
  assert.deepEqual(await heard({ periodSeconds: 1, failureThreshold: 2, successThreshold: 2 }, [ok, ok, bad, bad], 3), [
    "0s asked",
    "1s asked",
    "1s passed",
    "2s asked",
    "2s failure: no",
    "3s asked",
    "3s failure: no",
    "3s failed",
  ]);
});

test("An attempt that could not be made is told, but says nothing of the container", async () => {
  const errored: ProbeOutcome = { passed: false, output: "no such command", refused: false, errored: true };
  assert.deepEqual(await heard({ periodSeconds: 1, failureThreshold: 1 }, [errored, errored, ok], 2), [
    "0s asked",
    "0s failure: no such command",
    "1s asked",
    "1s failure: no such command",
    "2s asked",
    "2s passed",
  ]);
});

test("While nothing listens yet, the first period is used to look again soon, and only later refusals count", async () => {
  assert.deepEqual(await heard({ periodSeconds: 10 }, [refused, refused, ok], 1), [
    "0s asked",
    "0.1s asked",
    "0.2s asked",
    "0.2s passed",
  ]);
  const never = await heard({ periodSeconds: 1, failureThreshold: 1 }, [refused], 2);
  assert.equal(never.filter((line) => line.includes("failed")).length, 2);
  assert.ok(never.includes("0.9s failed"), never.join("\n"));
});
