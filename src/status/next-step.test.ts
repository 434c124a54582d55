import assert from "node:assert/strict";
import { test } from "node:test";
import type { RolloutPolicy } from "../model/application.ts";
import type { DeliveryRecord } from "../model/record.ts";
import { nextStep } from "./next-step.ts";
import { sampleApplication, sampleRecord, sampleRevision } from "./sample-source-in-test.ts";

const good = { commit: "a".repeat(40), tree: "t0", healthyAt: "2026-01-01T00:00:00.000Z" };
const check = { http: "http://shop/healthz", expect: { status: 200, json: {} } };

function next(record: Partial<DeliveryRecord>, policy: Partial<RolloutPolicy> = {}): string {
  const step = nextStep(
    { ...sampleApplication.rollout, soakMs: 10_000, ...policy },
    sampleRecord({ lastHealthy: good, ...record }),
  );
  return step ? `${step.who} ${step.at?.slice(14, 19) ?? "-"} ${step.message}` : "nothing";
}

test("what is healthy stays so; what was and is not any more is held unless it recovers", () => {
  assert.equal(next({}), "nothing");
  const degradedSince = "2026-01-01T00:10:00.000Z";
  assert.equal(next({ degradedSince }), "engine 15:00 unless it recovers by then, it is held for a person");
});

test("while it rolls out, the deadline and what follows it, as the policy and the last healthy state allow", () => {
  const outcome = "progressing";
  const restored = "aaaaaaaa, the last healthy state";
  assert.equal(next({ outcome }), `engine 05:00 unless it is healthy by then, a commit restores ${restored}`);
  const branch = `engine 05:00 unless it is healthy by then, a branch is proposed that restores ${restored}`;
  assert.equal(next({ outcome }, { onFailure: "branch" }), branch);
  const held = "engine 05:00 unless it is healthy by then, it is held for a person";
  assert.equal(next({ outcome }, { onFailure: "hold" }), held);
  assert.equal(next({ outcome, lastHealthy: { ...good, tree: "t1" } }), held, "going back would change nothing");
  assert.equal(next({ outcome, revision: { ...sampleRevision("1"), undoes: "c9" } }), held, "it is a rollback itself");
  assert.equal(next({ outcome, reason: "WaitingForOthers" }), "engine - it begins when they are healthy");
});

test("what is not healthy any more in its soak has the deadline anew, but not for ever", () => {
  const lost = (degradedSince: string) => next({ outcome: "progressing", degradedSince }, { soakMs: 600_000 });
  assert.match(lost("2026-01-01T00:00:05.000Z"), /^engine 05:05 unless it is healthy by then/);
  assert.match(lost("2026-01-01T00:09:00.000Z"), /^engine 14:00 /);
  assert.match(lost("2026-01-01T00:19:00.000Z"), /^engine 20:00 /);
});

test("once every object is healthy, the soak, then the checks", () => {
  const soaking = { outcome: "progressing", currentSince: "2026-01-01T00:01:00.000Z" } as const;
  assert.equal(next(soaking), "engine 01:10 it is healthy if it stays so");
  assert.equal(next(soaking, { checks: [check] }), "engine 01:10 the checks are asked");
  const asked = next({ ...soaking, reason: "WaitingForChecks" }, { checks: [check], onFailure: "hold" });
  assert.equal(asked, "engine 05:00 unless the checks pass by then, it is held for a person");
  const late = { ...soaking, reason: "WaitingForChecks", currentSince: "2026-01-01T00:04:55.000Z" };
  assert.match(next(late, { checks: [check] }), /^engine 05:15 /, "not before the checks had some time");
});

test("a canary soaks for itself, and what follows it has a deadline of its own", () => {
  const canary = { pods: 1, beside: 4 };
  const policy = { canary: { share: 20, soakMs: 30_000 } };
  const soaking = { outcome: "progressing", canary, currentSince: "2026-01-01T00:01:00.000Z" } as const;
  assert.equal(next(soaking, policy), "engine 01:30 the rest follows if its canary stays so");
  const passed = { ...canary, passedAt: "2026-01-01T00:02:00.000Z" };
  assert.match(next({ outcome: "progressing", canary: passed }, policy), /^engine 07:00 unless it is healthy by then/);
  const rest = { outcome: "progressing", canary: passed, currentSince: "2026-01-01T00:03:00.000Z" } as const;
  assert.equal(next(rest, policy), "engine 03:10 it is healthy if it stays so");
});

test("a failure says who acts on it", () => {
  assert.equal(
    next({ outcome: "failed", revision: sampleRevision("2") }),
    `engine - a commit restores aaaaaaaa, the last healthy state`,
  );
  const rollback = { commit: "b".repeat(40), undoes: "c2", restores: good };
  assert.equal(next({ outcome: "rolled-back", rollback }), "engine - bbbbbbbb passes the same gate");
  assert.equal(next({ outcome: "held", remedy: "merge it" }), "person - merge it");
  assert.equal(next({ outcome: "refused" }), "person - fix it with a new commit");
  assert.equal(
    next({ remedy: "say that it is meant" }),
    "person - say that it is meant",
    "healthy, and still waited for",
  );
});
