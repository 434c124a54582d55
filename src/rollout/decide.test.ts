import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { RolloutPolicy } from "../model/application.ts";
import { healthStatuses } from "../model/health.ts";
import type { CheckOutcome, Health, Observation } from "../model/health.ts";
import type { DeliveryRecord, HealthyRevision } from "../model/record.ts";
import { outcomes } from "../model/record.ts";
import { decide } from "./decide.ts";

const start = Date.UTC(2026, 0, 1);
const policy: RolloutPolicy = { deadlineMs: 60_000, soakMs: 10_000, onFailure: "revert", maxRestarts: 2, checks: [] };
const lastHealthy: HealthyRevision = { commit: "a".repeat(40), tree: "1".repeat(40), healthyAt: iso(start - 1000) };

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function record(changes: Partial<DeliveryRecord> = {}): DeliveryRecord {
  return {
    schema: 1,
    application: "staging/probe",
    environment: "staging",
    namespace: "probe",
    revision: { commit: "b".repeat(40), tree: "2".repeat(40), subject: "", author: "", committedAt: iso(start) },
    outcome: "progressing",
    reason: "Applied",
    message: "",
    startedAt: iso(start),
    lastHealthy,
    applied: [],
    takeovers: [],
    health: [],
    images: [],
    problems: [],
    drift: [],
    ...changes,
  };
}

function seen(...healths: readonly Partial<Health>[]): Observation {
  const objects = healths.map((health, index) => ({
    ref: { group: "apps", kind: "Deployment", namespace: "probe", name: `d${index}` },
    health: { status: "Current", reason: "Ready", message: "is ready", ...health } as Health,
  }));
  return { objects, pods: [] };
}

const crash = {
  status: "Failed",
  reason: "CrashLoopBackOff",
  message: "pod d0-x keeps crashing",
  final: true,
} as const;

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

test("health must last: the soak begins when the last object becomes Current and ends in healthy", () => {
  const first = decide({ policy, record: record(), observation: seen({}), nowMs: start + 5000 });
  assert.deepEqual([first.kind, first.kind === "wait" && first.atMs], ["wait", start + 15_000]);
  const soaking = record({ currentSince: iso(start + 5000) });
  assert.equal(decide({ policy, record: soaking, observation: seen({}), nowMs: start + 14_999 }).kind, "wait");
  assert.equal(decide({ policy, record: soaking, observation: seen({}), nowMs: start + 15_000 }).kind, "healthy");
});

test("what is not healthy any more in its soak has the deadline anew to be so again, but not for ever", () => {
  const long = { ...policy, soakMs: 600_000 };
  const scaling = seen({ status: "InProgress", message: "2 of 3 pods are ready" });
  const at = (afterMs: number, changes: Partial<DeliveryRecord>) =>
    decide({ policy: long, record: record(changes), observation: scaling, nowMs: start + afterMs });
  const lost = at(300_000, { currentSince: iso(start + 5000) });
  assert.deepEqual(lost, {
    kind: "wait",
    reason: "WaitingForHealth",
    message: "Deployment probe/d0: 2 of 3 pods are ready",
    atMs: start + 360_000,
    degradedSinceMs: start + 300_000,
  });
  const degradedSince = iso(start + 300_000);
  assert.equal(at(359_999, { degradedSince }).kind, "wait");
  assert.equal(at(360_000, { degradedSince }).kind, "rollback");
  const back = decide({
    policy: long,
    record: record({ degradedSince }),
    observation: seen({}),
    nowMs: start + 310_000,
  });
  assert.equal(back.kind === "wait" && back.currentSinceMs, start + 310_000, "the soak begins anew");
  assert.equal(back.kind === "wait" && back.degradedSinceMs, undefined);
  const latest = 2 * 60_000 + 600_000;
  assert.equal(at(latest - 1, { currentSince: iso(start + 700_000) }).kind, "wait");
  assert.equal(at(latest, { currentSince: iso(start + 700_000) }).kind, "rollback", "what flaps ends");
  const dead = decide({
    policy: long,
    record: record({ degradedSince }),
    observation: seen(crash),
    nowMs: start + 310_000,
  });
  assert.equal(dead.kind, "rollback", "what cannot get better is not waited for");
});

test("after the soak the checks must have answered well", () => {
  const checked = { ...policy, checks: [{ http: "http://backend/healthz", expect: { status: 200, json: {} } }] };
  const situation = { policy: checked, record: record({ currentSince: iso(start) }), observation: seen({}) };
  assert.equal(decide({ ...situation, nowMs: start + 20_000 }).kind, "wait");
  assert.equal(decide({ ...situation, nowMs: start + 69_999 }).kind, "wait", "what is being asked may still answer");
  const unanswered = decide({ ...situation, nowMs: start + 70_000 });
  assert.equal(unanswered.kind === "rollback" && unanswered.message, "the checks have not all answered");
  assert.equal(decide({ ...situation, checks: { ok: true }, nowMs: start + 20_000 }).kind, "healthy");
  const bad = { ok: false, message: "GET http://backend/healthz answered 500, not 200" } as const;
  assert.equal(decide({ ...situation, checks: bad, nowMs: start + 20_000 }).kind, "wait");
  assert.equal(decide({ ...situation, checks: bad, nowMs: start + 60_000 }).kind, "rollback");
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

test("where the soak lasts beyond the deadline the checks may still fail once", () => {
  const check = { http: "http://backend/healthz", expect: { status: 200, json: {} } };
  const bad = { ok: false, message: "GET http://backend/healthz answered 503, not 200" } as const;
  const at = (afterMs: number, deadlineMs: number) =>
    decide({
      policy: { ...policy, deadlineMs, soakMs: 120_000, checks: [check] },
      record: record({ currentSince: iso(start) }),
      observation: seen({}),
      checks: bad,
      nowMs: start + afterMs,
    }).kind;
  assert.deepEqual([at(120_000, 60_000), at(129_999, 60_000), at(130_000, 60_000)], ["wait", "wait", "rollback"]);
  assert.deepEqual(
    [at(122_999, 3000), at(123_000, 3000)],
    ["wait", "rollback"],
    "a deadline is never more than doubled",
  );
});

test("what follows a canary has a deadline of its own", () => {
  const passed = record({ canary: { pods: 1, beside: 4, passedAt: iso(start + 50_000) } });
  const observation = seen({ status: "InProgress" });
  assert.equal(decide({ policy, record: passed, observation, nowMs: start + 109_999 }).kind, "wait");
  assert.equal(decide({ policy, record: passed, observation, nowMs: start + 110_000 }).kind, "rollback");
});

test("a check that may end the soak ends it when it has failed for long enough, and not before", () => {
  const check = { http: "http://web/", expect: { status: 200, json: {} }, failAfterMs: 3000 };
  const checks = { ok: false, message: "GET http://web/ answered 500", failAfterMs: 3000 } as const;
  const at = (afterMs: number, changes: Partial<DeliveryRecord>, answers: CheckOutcome | "unanswered" = checks) =>
    decide({
      policy: { ...policy, checks: [check] },
      record: record({ currentSince: iso(start), ...changes }),
      observation: seen({}),
      checks: answers === "unanswered" ? undefined : answers,
      nowMs: start + afterMs,
    });
  assert.deepEqual(at(1000, {}), {
    kind: "wait",
    reason: "Soaking",
    message: "GET http://web/ answered 500",
    atMs: start + 2000,
    currentSinceMs: start,
    failingSinceMs: start + 1000,
  });
  const failing = { failingSince: iso(start + 1000) };
  assert.equal(at(3999, failing).kind, "wait");
  const failed = at(4000, failing);
  assert.equal(failed.kind === "rollback" && failed.reason, "CheckFailed");
  assert.equal(failed.kind === "rollback" && failed.message, "GET http://web/ answered 500; it has failed for 3 s");
  const recovered = at(4000, failing, { ok: true });
  assert.equal(recovered.kind === "wait" && recovered.failingSinceMs, undefined, "one good answer counts anew");
  assert.equal(recovered.kind === "wait" && recovered.atMs, start + 5000);
  const unanswered = at(4000, failing, "unanswered");
  assert.equal(unanswered.kind === "wait" && unanswered.failingSinceMs, start + 1000, "no answer is no good answer");
  assert.equal(
    at(9500, {}, { ok: true }).kind === "wait" && (at(9500, {}, { ok: true }) as { atMs: number }).atMs,
    start + 10_000,
  );
  const patient = at(30_000, failing, { ok: false, message: "it answered 500" });
  assert.equal(patient.kind === "wait" && patient.reason, "WaitingForChecks", "others wait for the deadline");
  const noted = at(10_000, {}, { ok: true, note: "e was not compared" });
  assert.match(noted.kind === "healthy" ? noted.message : "", / \(e was not compared\)$/);
});
