import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { RolloutPolicy } from "../model/application.ts";
import { healthStatuses } from "../model/health.ts";
import type { Observation } from "../model/health.ts";
import type { DeliveryRecord } from "../model/record.ts";
import { outcomes } from "../model/record.ts";
import { decide } from "./decide.ts";
import { crash, iso, lastHealthy, policy, record, seen, start } from "./situation-in-test.ts";

test("waits for health until the deadline", () => {
  const observation = seen({}, { status: "InProgress", message: "1 of 2 pods are ready" });
  const decision = decide({ policy, record: record(), observation, nowMs: start + 59_999 });
  assert.deepEqual(decision, {
    kind: "wait",
    reason: "WaitingForHealth",
    message: "Deployment probe/d1: 1 of 2 pods are ready",
    atMs: start + 60_000,
  });
});

test("a deadline that passed asks for the last healthy state", () => {
  const observation = seen({ status: "InProgress", message: "1 of 2 pods are ready" });
  const decision = decide({ policy, record: record(), observation, nowMs: start + 60_000 });
  assert.deepEqual(decision, {
    kind: "rollback",
    reason: "DeadlineExceeded",
    message: "Deployment probe/d0: 1 of 2 pods are ready; not healthy after 60 s",
    to: lastHealthy,
  });
});

test("what cannot get better ends the wait at once, whatever else is still on its way", () => {
  const observation = seen({ status: "InProgress", message: "later" }, crash);
  const decision = decide({ policy, record: record(), observation, nowMs: start + 1 });
  assert.equal(decision.kind, "rollback");
  assert.equal(decision.kind === "rollback" && decision.reason, "CrashLoopBackOff");
});

test("holds, with the reason and what to do, where a rollback would be wrong", () => {
  const never = record();
  const cases: readonly (readonly [string, RolloutPolicy, DeliveryRecord, RegExp])[] = [
    ["the policy says hold", { ...policy, onFailure: "hold" }, never, /policy says hold/],
    ["nothing was ever healthy", policy, withoutHealthy(never), /nothing was ever healthy/],
    [
      "the failing revision is a rollback",
      policy,
      record({ revision: { ...never.revision, undoes: "c".repeat(40) } }),
      /itself the rollback of cccccccc/,
    ],
    [
      "the failing revision is the healthy one",
      policy,
      record({ revision: { ...never.revision, tree: lastHealthy.tree } }),
      /last healthy/,
    ],
  ];
  for (const [name, rule, failing, why] of cases) {
    const decision = decide({ policy: rule, record: failing, observation: seen(crash), nowMs: start + 1 });
    assert.equal(decision.kind, "hold", name);
    assert.match(decision.kind === "hold" ? decision.message : "", why, name);
    assert.ok(decision.kind === "hold" && decision.remedy.length > 0, name);
  }
});

test("a cluster that cannot be seen decides nothing, neither health nor failure, however late it is", () => {
  const obstacle = { kind: "unseen", message: "the API server cannot be reached" } as const;
  for (const observation of [seen({}), seen(crash), seen()]) {
    const nowMs = start + 10 * policy.deadlineMs;
    const decision = decide({ policy, record: record(), observation, obstacle, nowMs });
    assert.equal(decision.kind, "wait");
    assert.ok(decision.kind === "wait" && decision.atMs > nowMs);
  }
});

test("after a time in which nobody could look, the deadline counts anew", () => {
  const observation = seen({ status: "InProgress", message: "1 of 2 pods are ready" });
  const seeingSinceMs = start + policy.deadlineMs;
  const situation = { policy, record: record(), observation, seeingSinceMs };
  assert.equal(decide({ ...situation, nowMs: start + 2 * policy.deadlineMs - 1 }).kind, "wait");
  assert.equal(decide({ ...situation, nowMs: start + 2 * policy.deadlineMs }).kind, "rollback");
});

test("an apply that is refused half way fails at once, one that is put off at the deadline", () => {
  const situation = { policy, record: record(), observation: seen({}) };
  const refused = { kind: "refused", message: "web.yaml:3: no" } as const;
  const first = decide({ ...situation, obstacle: refused, nowMs: start + 1 });
  assert.deepEqual([first.kind, first.kind === "rollback" && first.reason], ["rollback", "ApplyFailed"]);
  const delayed = { kind: "delayed", message: "its webhook is down" } as const;
  assert.equal(decide({ ...situation, obstacle: delayed, nowMs: start + 59_999 }).kind, "wait");
  const late = decide({ ...situation, obstacle: delayed, nowMs: start + 60_000 });
  assert.match(late.kind === "rollback" ? late.message : "", /not applied after 60 s: its webhook is down/);
});

test("an engine that starts again and again cannot put the deadline off for ever", () => {
  const observation = seen({ status: "InProgress", message: "1 of 2 pods are ready" });
  const startingAt = (seeingSinceMs: number, nowMs: number): string =>
    decide({ policy, record: record(), observation, seeingSinceMs, nowMs }).kind;
  assert.equal(startingAt(start + 100_000, start + 119_999), "wait");
  assert.equal(startingAt(start + 100_000, start + 120_000), "rollback");
  assert.equal(startingAt(start + 500_000, start + 505_000), "wait", "pods first get the time to say how they are");
  assert.equal(startingAt(start + 500_000, start + 510_000), "rollback");
});

test("what was proved healthy is never rolled back later, but held when it does not recover", () => {
  const healthy = record({ outcome: "healthy", revision: { ...record().revision, tree: lastHealthy.tree } });
  const ill = seen({ status: "InProgress", message: "1 of 2 pods are ready" });
  const first = decide({ policy, record: healthy, observation: ill, nowMs: start });
  assert.deepEqual(first, { kind: "steady", degradedSinceMs: start, atMs: start + policy.deadlineMs });
  const since = { ...healthy, degradedSince: iso(start) };
  assert.equal(decide({ policy, record: since, observation: ill, nowMs: start + 59_999 }).kind, "steady");
  assert.deepEqual(decide({ policy, record: since, observation: seen({}), nowMs: start + 90_000 }), { kind: "steady" });
  const late = decide({ policy, record: since, observation: ill, nowMs: start + 60_000 });
  assert.match(late.kind === "hold" ? late.message : late.kind, /proved healthy, and is not any more: .*1 of 2 pods/);
  assert.equal(decide({ policy, record: healthy, observation: seen(crash), nowMs: start }).kind, "hold");
});

test("a failure once recorded asks for the same rollback again, whatever the pods look like now", () => {
  const failed = record({ outcome: "failed", reason: "CrashLoopBackOff", message: "pod d0-x keeps crashing" });
  for (const observation of [seen({}), seen(crash)]) {
    const decision = decide({ policy, record: failed, observation, nowMs: start + 1 });
    assert.deepEqual(decision, {
      kind: "rollback",
      reason: "CrashLoopBackOff",
      message: "pod d0-x keeps crashing",
      to: lastHealthy,
    });
  }
});

test("a held revision that recovers by itself soaks and becomes healthy", () => {
  const held = record({ outcome: "held" });
  assert.equal(decide({ policy, record: held, observation: seen(crash), nowMs: start + 1 }).kind, "steady");
  assert.equal(decide({ policy, record: held, observation: seen({}), nowMs: start + 1 }).kind, "wait");
});

test("property: never healthy while an object is not Current, never a rollback to nothing or to itself", () => {
  const health = fc.record({
    status: fc.constantFrom(...healthStatuses),
    reason: fc.constant("Some"),
    message: fc.constant("says something"),
    final: fc.boolean(),
  });
  const situation = fc.record({
    healths: fc.array(health, { maxLength: 4 }),
    outcome: fc.constantFrom(...outcomes),
    undoes: fc.option(fc.constant("c".repeat(40)), { nil: undefined }),
    ever: fc.boolean(),
    sinceMs: fc.option(fc.integer({ min: 0, max: 90_000 }), { nil: undefined }),
    nowMs: fc.integer({ min: 0, max: 100_000 }),
    onFailure: fc.constantFrom("revert", "hold"),
  });
  fc.assert(
    fc.property(situation, ({ healths, outcome, undoes, ever, sinceMs, nowMs, onFailure }) => {
      const base = ever ? record({ outcome }) : withoutHealthy(record({ outcome }));
      const subject = {
        ...base,
        revision: undoes === undefined ? base.revision : { ...base.revision, undoes },
        ...(sinceMs === undefined ? {} : { currentSince: iso(start + sinceMs) }),
      };
      const observation = seen(...healths);
      const decision = decide({
        policy: { ...policy, onFailure },
        record: subject,
        observation,
        nowMs: start + nowMs,
      });
      if (decision.kind === "healthy") assert.ok(healths.every(({ status }) => status === "Current"));
      if (decision.kind === "rollback") {
        assert.ok(ever && undoes === undefined && onFailure === "revert");
        assert.notEqual(decision.to.tree, subject.revision.tree);
      }
      if (decision.kind === "wait") assert.ok(decision.atMs > start + nowMs || decision.reason === "WaitingForChecks");
    }),
  );
});

function withoutHealthy(from: DeliveryRecord): DeliveryRecord {
  const { lastHealthy: _, ...rest } = from;
  return rest;
}

test("what failed tells more than what is unfinished, and of several the first", () => {
  const observation = seen(
    { status: "InProgress", message: "is on its way" },
    { status: "Failed", message: "failed first" },
    { status: "Failed", message: "failed second" },
  );
  const decision = decide({ policy, record: record(), observation, nowMs: start + 1 });
  assert.equal(
    decision.kind === "wait" && decision.message,
    "Deployment probe/d1: failed first (and 2 more not healthy yet)",
  );
});

test("short times are told with their fraction, long ones rounded", () => {
  for (const [soakMs, text] of [
    [1500, "1.5 s"],
    [61_500, "62 s"],
  ] as const) {
    const decision = decide({ policy: { ...policy, soakMs }, record: record(), observation: seen({}), nowMs: start });
    assert.equal(decision.kind === "wait" && decision.message, `every object is healthy; it must stay so for ${text}`);
  }
});

test("a canary that stayed healthy for its soak lets the rest follow; whatever else is decided of it says so", () => {
  const canary = { pods: 1, beside: 4 };
  const at = (changes: Partial<DeliveryRecord>, observation: Observation, nowMs: number) =>
    decide({ policy, record: record(changes), observation, canary, nowMs });
  const current = { currentSince: iso(start) };
  assert.deepEqual(at(current, seen({}), start + 10_000), {
    kind: "advance",
    message: "canary of 1 pod beside 4: every object is healthy and stayed so for 10 s",
  });
  assert.equal(at(current, seen({}), start + 9999).kind, "wait");
  const failed = at({}, seen(crash), start);
  assert.equal(
    failed.kind === "rollback" && failed.message,
    "canary of 1 pod beside 4: Deployment probe/d0: pod d0-x keeps crashing",
  );
  assert.equal(
    at({ outcome: "held" }, seen({}), start + 10_000).kind,
    "wait",
    "what is held and mends is soaked like any other",
  );
  assert.equal(at({ outcome: "healthy" }, seen({}), start).kind, "steady");
  const said = decide({
    policy,
    record: record(current),
    observation: seen({}),
    canary: { pods: 2, beside: 4 },
    nowMs: start,
  });
  assert.match(said.kind === "wait" ? said.message : "", /^canary of 2 pods beside 4: /);
  const again = at({ outcome: "failed", reason: "X", message: "it failed" }, seen(crash), start);
  assert.equal(again.kind === "rollback" && again.message, "it failed", "what was decided is not said twice");
});

test("what follows a canary has a deadline of its own", () => {
  const passed = record({ canary: { pods: 1, beside: 4, passedAt: iso(start + 50_000) } });
  const observation = seen({ status: "InProgress" });
  assert.equal(decide({ policy, record: passed, observation, nowMs: start + 109_999 }).kind, "wait");
  assert.equal(decide({ policy, record: passed, observation, nowMs: start + 110_000 }).kind, "rollback");
});
