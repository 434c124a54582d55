import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleRecord } from "../history/sample-record-in-test.ts";
import { defaultPolicy } from "../source/policy.ts";
import { sampleApplication } from "../status/sample-source-in-test.ts";
import { continueRecord, refusedRecord, sameDecision, withReplaced } from "./records.ts";

test("that something recovered is written where the log's last word is that it is unhealthy", () => {
  const well = sampleRecord({});
  const degraded = { ...well, degradedSince: "2026-11-23T20:01:00.000Z" };
  assert.equal(sameDecision(well, well), true);
  assert.equal(sameDecision(well, degraded), true, "it has the deadline to recover, and nothing is decided");
  assert.equal(sameDecision(degraded, degraded), true);
  assert.equal(sameDecision(degraded, well), false);
});

test("the pods that are replaced are noted where a check compares, and kept until something is healthy again", () => {
  const metric = { prometheus: "http://p.m", query: "e{pods}", compare: { atMost: 2 } };
  const { compare: _, ...bound } = metric;
  const compares = { ...defaultPolicy, checks: [metric] };
  const lastHealthy = { commit: "1".repeat(40), tree: "1".repeat(40), healthyAt: "2026-11-23T19:00:00.000Z" };
  const begun = sampleRecord({ outcome: "progressing", lastHealthy });
  const seen = (name: string) => {
    const pod = {
      name,
      workload: "web",
      generation: "old",
      phase: "Running",
      ready: true,
      restarts: 0,
      message: "",
    } as const;
    return { objects: [], pods: [pod] };
  };
  const noted = withReplaced(begun, compares, seen("web-1"));
  assert.deepEqual(noted.replaced, { pods: ["web-1"], at: begun.startedAt });
  assert.equal(withReplaced(noted, compares, seen("web-2")), noted, "once a delivery");
  assert.equal(withReplaced(begun, { ...defaultPolicy, checks: [{ ...bound, below: 1 }] }, seen("a")), begun);
  const first = sampleRecord({ outcome: "progressing" });
  assert.equal(withReplaced(first, compares, seen("a")), first, "nothing was healthy before");
  const healthy = { ...noted, outcome: "healthy" } as const;
  const decided = { ...begun, outcome: "healthy" } as const;
  assert.equal(withReplaced(decided, compares, seen("a")), decided);

  const newer = { ...begun.revision, tree: "3".repeat(40), commit: "3".repeat(40) };
  const application = { ...sampleApplication, namespace: begun.namespace };
  const after = (known: typeof noted) => continueRecord(known, newer, application, 0).replaced;
  for (const outcome of ["progressing", "failed", "rolled-back", "held", "refused"] as const)
    assert.deepEqual(after({ ...noted, outcome }), noted.replaced, outcome);
  assert.equal(after(healthy), undefined, "the next one replaces pods of this one");
});

test("what is refused has replaced nothing: whatever follows is compared with the pods of when it begins", () => {
  const metric = { prometheus: "http://p.m", query: "e{pods}", compare: { atMost: 2 } };
  const lastHealthy = { commit: "1".repeat(40), tree: "1".repeat(40), healthyAt: "2026-11-23T19:00:00.000Z" };
  const begun = sampleRecord({ outcome: "progressing", lastHealthy });
  const noted = withReplaced(begun, { ...defaultPolicy, checks: [metric] }, { objects: [], pods: [] });
  const problems = [{ code: "x", message: "field is immutable" }];
  assert.equal(noted.replaced?.at, begun.startedAt);
  assert.equal("replaced" in refusedRecord(noted, problems, 0), false);
  const earlier = { pods: ["web-0"], at: "2026-11-23T19:30:00.000Z" };
  assert.deepEqual(
    refusedRecord({ ...begun, replaced: earlier }, problems, 0).replaced,
    earlier,
    "of one that had begun",
  );
});

test("what is refused is tried by no canary", () => {
  const record = sampleRecord({ outcome: "progressing", canary: { pods: 1, beside: 4 } });
  const refused = refusedRecord(record, [{ code: "x", message: "field is immutable" }], 0);
  assert.equal(refused.outcome, "refused");
  assert.equal("canary" in refused, false);
});
