import assert from "node:assert/strict";
import { test } from "node:test";
import { deliveryId } from "../model/delivery-id.ts";
import type { Notice } from "../model/notice.ts";
import { outcomes } from "../model/record.ts";
import type { DeliveryRecord } from "../model/record.ts";
import { noticesAgain, noticesBetween } from "./notices.ts";
import { sampleRecord } from "./sample-source-in-test.ts";

const at = (minute: number): string => `2026-01-01T00:${String(minute).padStart(2, "0")}:00.000Z`;
const revision = (digit: string): DeliveryRecord["revision"] => ({
  ...sampleRecord({}).revision,
  commit: digit.repeat(40),
  tree: digit.repeat(40),
});
const begun = sampleRecord({ outcome: "progressing", reason: "Applying", revision: revision("1"), startedAt: at(1) });
const { decidedAt: _, ...undecided } = begun;
const decided = (different: Partial<DeliveryRecord>): DeliveryRecord => ({ ...begun, decidedAt: at(3), ...different });
const said = (notices: readonly Notice[]): readonly string[] =>
  notices.map(({ type, commit, outcome, reason }) => `${type} ${commit[0]} ${outcome} ${reason}`);

test("every outcome is told, once, with what a receiver needs to know it again", () => {
  for (const outcome of outcomes.filter((one) => one !== "progressing")) {
    const after = decided({ outcome, reason: "Because" });
    const [notice, ...more] = noticesBetween(undecided, after);
    assert.deepEqual(more, []);
    assert.equal(notice?.outcome, outcome);
    assert.equal(notice.delivery, deliveryId(after));
    assert.equal(notice.at, at(3));
    assert.deepEqual(noticesBetween(after, { ...after }), [], "what says the same is told once");
    assert.deepEqual(noticesBetween({ ...undecided }, { ...after }), [notice], "and by the same id, whoever tells it");
  }
});

test("progress is told by what it waits for and not at each step; a decision by each of its sentences", () => {
  const step = { ...undecided, message: "1 of 2 pods" };
  assert.deepEqual(noticesBetween(undecided, step), []);
  assert.deepEqual(said(noticesBetween(undecided, { ...step, reason: "Soaking" })), ["delivery 1 progressing Soaking"]);
  const held = decided({ outcome: "held", reason: "Because", message: "one" });
  const [first] = noticesBetween(undecided, held);
  const [second] = noticesBetween(held, { ...held, message: "two" });
  assert.ok(first && second);
  assert.notEqual(first.id, second.id);
});

test("a delivery that gave way to a newer commit is told before its successor", () => {
  const next = { ...undecided, revision: revision("2"), startedAt: at(4) };
  assert.deepEqual(said(noticesBetween(undecided, next)), [
    "delivery 1 superseded Superseded",
    "delivery 2 progressing Applying",
  ]);
});

test("drift and promotions are told beside the delivery, with the object that was changed", () => {
  const ref = { group: "apps", kind: "Deployment", namespace: "shop", name: "web" };
  const drift = (minute: number) => ({
    ref,
    manager: "kubectl",
    fields: ["spec.replicas"],
    at: at(minute),
    undoneMs: 5,
  });
  const healthy = decided({ outcome: "healthy", reason: "Healthy", drift: [drift(4)] });
  const again = { ...healthy, drift: [drift(6), drift(5), drift(4)] };
  const notices = noticesBetween(healthy, again);
  assert.deepEqual(
    notices.map(({ at: when, object }) => [when, object?.name]),
    [
      [at(5), "web"],
      [at(6), "web"],
    ],
  );
  assert.match(notices[0]?.message ?? "", /undone: Deployment shop\/web: spec\.replicas was changed by kubectl/);
  const promotion = {
    from: "staging/shop",
    commit: "3".repeat(40),
    images: ["a"],
    onto: "",
    at: at(7),
    superseded: [],
  };
  const proposed = { ...healthy, promotion: { ...promotion, outcome: "proposed" as const, message: "on a branch" } };
  assert.deepEqual(said(noticesBetween(healthy, proposed)), ["promotion 1 healthy PromotionProposed"]);
});

test("an engine that starts tells where things stand, and what happened in the hour before that, oldest first", () => {
  const old = decided({
    revision: revision("0"),
    startedAt: "2025-12-31T00:00:00.000Z",
    decidedAt: "2025-12-31T00:01:00.000Z",
  });
  const rolledBack = decided({ outcome: "rolled-back", reason: "CrashLoop" });
  const healthy = decided({
    outcome: "healthy",
    reason: "Healthy",
    revision: revision("2"),
    startedAt: at(4),
    decidedAt: at(5),
  });
  assert.deepEqual(said(noticesAgain([healthy, rolledBack, old, old])), [
    "delivery 0 superseded Superseded",
    "delivery 1 rolled-back CrashLoop",
    "delivery 2 healthy Healthy",
  ]);
  assert.deepEqual(noticesAgain([]), []);
  const [live] = noticesBetween(rolledBack, healthy).slice(-1);
  assert.deepEqual(noticesAgain([healthy]).at(-1), live, "what is told again is the same notice");
});
