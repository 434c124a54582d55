import assert from "node:assert/strict";
import { test } from "node:test";
import type { CheckOutcome } from "../model/health.ts";
import type { DeliveryRecord } from "../model/record.ts";
import { decide } from "./decide.ts";
import { crash, iso, policy, record, seen, start } from "./situation-in-test.ts";

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

test("what an obstacle takes out of its soak has the deadline anew as well", () => {
  const long = { ...policy, soakMs: 600_000 };
  const degradedSince = iso(start + 300_000);
  for (const kind of ["delayed", "unseen"] as const) {
    const hindered = decide({
      policy: long,
      record: record({ currentSince: iso(start + 5000) }),
      observation: seen({}),
      obstacle: { kind, message: "the webhook does not answer" },
      nowMs: start + 300_000,
    });
    assert.equal(hindered.kind === "wait" && hindered.degradedSinceMs, start + 300_000, kind);
  }
  const scaling = seen({ status: "InProgress", message: "2 of 3 pods are ready" });
  const at = (afterMs: number) =>
    decide({ policy: long, record: record({ degradedSince }), observation: scaling, nowMs: start + afterMs }).kind;
  assert.deepEqual([at(301_000), at(359_999), at(360_000)], ["wait", "wait", "rollback"]);
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
