import assert from "node:assert/strict";
import { test } from "node:test";
import type { PromotionSource } from "../model/application.ts";
import { outcomes } from "../model/record.ts";
import type { DeliveryRecord, Promotion } from "../model/record.ts";
import { decidePromotion } from "./promotion.ts";

const start = Date.UTC(2026, 0, 1);
const policy: PromotionSource = { from: "staging", via: "commit", soakMs: 10_000 };
const image = (name: string, digit: string): string => `host:5000/team/${name}:v${digit}@sha256:${digit.repeat(64)}`;

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function record(application: string, images: readonly string[], changes: Partial<DeliveryRecord> = {}): DeliveryRecord {
  const revision = { commit: "c".repeat(40), tree: "1".repeat(40), subject: "", author: "", committedAt: iso(0) };
  return {
    schema: 1,
    application,
    environment: application.split("/")[0] ?? "",
    namespace: "probe",
    revision,
    outcome: "healthy",
    reason: "",
    message: "",
    startedAt: iso(start - 5000),
    lastHealthy: { commit: revision.commit, tree: revision.tree, healthyAt: iso(start), images },
    applied: [],
    takeovers: [],
    health: [],
    images,
    problems: [],
    drift: [],
    ...changes,
  };
}

const source = record("staging/probe", [image("a", "2")]);
const target = record("production/probe", [image("a", "1")]);
const candidate = { from: "staging/probe", commit: "c".repeat(40), images: [image("a", "2")] };
const soaked = start + policy.soakMs;

function noted(changes: Partial<Promotion>): DeliveryRecord {
  const promotion: Promotion = {
    ...candidate,
    onto: target.revision.tree,
    outcome: "waiting",
    message: "",
    at: iso(start),
    superseded: [],
    ...changes,
  };
  return { ...target, promotion };
}

test("what is healthy waits for its soak, and is promoted when that is over", () => {
  const before = decidePromotion({ policy, source, target, nowMs: soaked - 1 });
  assert.deepEqual(
    [before.kind, before.kind === "wait" && before.atMs, before.kind === "wait" && before.candidate],
    ["wait", soaked, candidate],
  );
  assert.deepEqual(decidePromotion({ policy, source, target, nowMs: soaked }), { kind: "promote", candidate });
});

test("another revision that begins in the source leaves what had soaked before, and ends the soak of what had not", () => {
  const next = (startedMs: number): DeliveryRecord => ({
    ...source,
    outcome: "progressing",
    startedAt: iso(startedMs),
  });
  const at = (startedMs: number) =>
    decidePromotion({ policy, source: next(startedMs), target, nowMs: soaked + 60_000 });
  assert.deepEqual(at(soaked - 1), { kind: "none" });
  assert.deepEqual(at(soaked), { kind: "promote", candidate });
  // That the next one is not healthy any more in its soak says nothing of what was live before.
  const flapping = { ...next(soaked - 1), degradedSince: iso(soaked + 1) };
  assert.deepEqual(decidePromotion({ policy, source: flapping, target, nowMs: soaked + 60_000 }), { kind: "none" });
  const degraded = (sinceMs: number): DeliveryRecord => ({ ...source, degradedSince: iso(sinceMs) });
  assert.deepEqual(decidePromotion({ policy, source: degraded(soaked - 1), target, nowMs: soaked }), { kind: "none" });
  assert.equal(decidePromotion({ policy, source: degraded(soaked), target, nowMs: soaked }).kind, "promote");
});

test("nothing to carry: no source, nothing healthy, the same images, none by digest, none that is used, two of one name", () => {
  const { lastHealthy: _, ...never } = source;
  const cases: readonly (readonly [DeliveryRecord | undefined, DeliveryRecord])[] = [
    [undefined, target],
    [never, target],
    [source, record("production/probe", [image("a", "2")])],
    [record("staging/probe", ["host:5000/team/a:v2"]), target],
    [source, record("production/probe", [image("b", "1")])],
    [record("staging/probe", [image("a", "2"), image("a", "3")]), target],
  ];
  for (const [from, to] of cases) {
    assert.deepEqual(decidePromotion({ policy, source: from, target: to, nowMs: soaked }), { kind: "none" });
  }
});

test("only what differs is carried, whatever the tag, and a name without tag or digest is the same repository", () => {
  const from = record("staging/probe", [image("a", "2"), image("b", "2"), image("c", "2")]);
  const to = record("production/probe", ["host:5000/team/a", image("b", "2"), image("b", "1"), image("c", "2")]);
  const decision = decidePromotion({ policy, source: from, target: to, nowMs: soaked });
  assert.deepEqual(decision.kind === "promote" && decision.candidate.images, [image("a", "2"), image("b", "2")]);
});

test("by commit it waits until the delivery before it is decided; by branch it does not", () => {
  for (const outcome of outcomes) {
    const going = outcome === "progressing" || outcome === "failed";
    const to = { ...target, outcome };
    assert.equal(decidePromotion({ policy, source, target: to, nowMs: soaked }).kind, going ? "wait" : "promote");
    const branch = { ...policy, via: "branch" } as const;
    assert.equal(decidePromotion({ policy: branch, source, target: to, nowMs: soaked }).kind, "promote");
  }
});

test("what was proposed or rejected is said once for each state of the target; what Git refused is tried again", () => {
  for (const outcome of ["proposed", "rejected"] as const) {
    const same = decidePromotion({ policy, source, target: noted({ outcome }), nowMs: soaked });
    assert.deepEqual(same, { kind: "none" });
    const elsewhere = noted({ outcome, onto: "2".repeat(40) });
    assert.equal(decidePromotion({ policy, source, target: elsewhere, nowMs: soaked }).kind, "promote");
    const older = noted({ outcome, images: [image("a", "0")] });
    assert.equal(decidePromotion({ policy, source, target: older, nowMs: soaked }).kind, "promote");
  }
  const refused = noted({ outcome: "impossible", at: iso(soaked) });
  assert.deepEqual(decidePromotion({ policy, source, target: refused, nowMs: soaked + 59_999 }), {
    kind: "none",
    atMs: soaked + 60_000,
  });
  assert.equal(decidePromotion({ policy, source, target: refused, nowMs: soaked + 60_000 }).kind, "promote");
});

test("what was carried and is not there any more is asked of history at once", () => {
  const to: DeliveryRecord = { ...noted({ outcome: "promoted", onto: "2".repeat(40) }), outcome: "progressing" };
  assert.equal(decidePromotion({ policy, source, target: to, nowMs: soaked }).kind, "promote");
});
