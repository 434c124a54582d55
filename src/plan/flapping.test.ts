import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeObject } from "../model/kube-object.ts";
import type { ApplyStep } from "../model/plan.ts";
import type { Drift } from "../model/record.ts";
import { sampleManifest } from "../model/sample-manifest-in-test.ts";
import { samplePlan } from "../model/sample-plan-in-test.ts";
import { leftAloneUntil, postponeFlapping } from "./flapping.ts";

const ref = { group: "apps", kind: "Deployment", namespace: "a", name: "web" };
const other = { ...ref, name: "other" };
const now = Date.UTC(2026, 0, 1);
const iso = (ms: number): string => new Date(ms).toISOString();
const undone = (agoMs: number, of = ref): Drift => ({
  ref: of,
  manager: "kubectl",
  fields: ["spec.replicas"],
  at: iso(now - agoMs),
  undoneMs: 1,
});

test("four changes in a row are undone at once, and from the fifth on the wait doubles up to five minutes", () => {
  const delays = Array.from({ length: 20 }, (_, before) => {
    const history = Array.from({ length: before }, (__, index) => undone((index + 1) * 1000));
    const until = leftAloneUntil(ref, history, now);
    return until === undefined ? 0 : (until - now) / 1000;
  });
  assert.deepEqual(delays.slice(0, 14), [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300]);
  assert.equal(delays.at(-1), 300);
});

test("ten quiet minutes are forgotten, other objects do not count, and what was undone at once counts once", () => {
  const before = [undone(600_000), undone(601_000), undone(602_000), undone(603_000)];
  assert.equal(leftAloneUntil(ref, before, now), now + 1000);
  assert.equal(leftAloneUntil(ref, [undone(600_001), ...before.slice(1)], now), undefined);
  assert.equal(
    leftAloneUntil(
      ref,
      [1, 2, 3, 4].map((ago) => undone(ago, other)),
      now,
    ),
    undefined,
  );
  assert.equal(
    leftAloneUntil(
      ref,
      [1, 2, 3, 3].map((ago) => undone(ago)),
      now,
    ),
    undefined,
  );
});

test("a plan leaves out what is not due, by the newest word of each object", () => {
  const step = (name: string, live?: KubeObject): ApplyStep => {
    const object = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name, namespace: "a" } };
    const seen = live === undefined ? {} : { live };
    return { action: "configure", stage: "workloads", manifest: sampleManifest(object), ...seen, why: "" };
  };
  const live = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "any" } };
  const plan = samplePlan({ apply: [step("other", live), step("web", live)] });
  const left = { ...undone(0), leftAloneUntil: iso(now + 1) };
  const postponed = postponeFlapping(plan, [left], now);
  assert.deepEqual(postponed, { plan: { ...plan, apply: [plan.apply[0]] }, dueMs: now + 1 });
  assert.deepEqual(postponeFlapping(plan, [left], now + 1), { plan });
  assert.deepEqual(postponeFlapping(plan, [undone(0), left], now), { plan });
  const gone = samplePlan({ apply: [step("web")] });
  assert.deepEqual(postponeFlapping(gone, [left], now), { plan: gone }, "what is not there is made again");
});
