import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeliveryRecord } from "../model/record.ts";
import { statusDocument } from "./document.ts";
import type { StatusSource } from "./document.ts";
import { sampleApplication, sampleRecord, sampleRevision, sampleSource } from "./sample-source-in-test.ts";
import { statusText } from "./text.ts";

const nowMs = Date.parse("2026-01-01T00:10:00.000Z");
const plain = { style: (_style: string, text: string) => text, nowMs, history: 3 };

function text(source: Partial<StatusSource>): string {
  return statusText(statusDocument(sampleSource(source), nowMs - 5000), plain);
}

function of(record: DeliveryRecord, past: readonly DeliveryRecord[] = []): StatusSource["applications"] {
  const pods = [
    {
      name: "web-b-1",
      workload: "web",
      generation: "new" as const,
      phase: "Running",
      ready: false,
      restarts: 4,
      message: "pod web-b-1: container main keeps crashing (exit code 1, 4 restarts)",
    },
  ];
  const observation = { objects: [], pods };
  return [{ application: sampleApplication, record, observation, history: [record, ...past] }];
}

test("without an application it says so, and where it looked", () => {
  assert.equal(text({}), "/srv/shop.git main  5 s ago\n  no application yet");
});

test("what cannot be reached is said first", () => {
  const trouble = { code: "gone", message: "it is not there" };
  const repository = { url: "/srv/shop.git", branch: "main", commit: "abcdef0123456789", reachable: false, trouble };
  assert.match(text({ repository }), /^\/srv\/shop\.git main at abcdef01 {2}5 s ago\n {2}it is not there\n/);
});

test("a held delivery says why, what is live, what to do, which pod, and what came before", () => {
  const lastHealthy = { commit: "c1", tree: "t1", healthyAt: "2026-01-01T00:00:00.000Z" };
  const drift = [
    {
      ref: { group: "apps", kind: "Deployment", namespace: "shop", name: "web" },
      manager: "kubectl-edit",
      fields: ["spec.replicas"],
      at: "2026-01-01T00:05:00.000Z",
      undoneMs: 40,
    },
  ];
  const held = sampleRecord({
    revision: sampleRevision("2"),
    outcome: "held",
    message: "Deployment shop/web: it crashes",
    remedy: "fix it with a new commit",
    lastHealthy,
    drift,
  });
  const lines = text({ applications: of(held, [sampleRecord({ lastHealthy })]) }).split("\n");
  assert.deepEqual(lines.slice(2), [
    "staging/shop  held  Deployment shop/web: it crashes",
    "  Git wants  c2 Change 2, by Ada",
    "  live       c1, proved healthy 10 min ago",
    "  to do      fix it with a new commit",
    "  pod        not ready  new  pod web-b-1: container main keeps crashing (exit code 1, 4 restarts)",
    "  undone     Deployment shop/web: spec.replicas was changed by kubectl-edit; restored in 40 ms",
    "  deliveries, newest first",
    "  c2  held          12.3 s  Change 2",
    "  c1  healthy       12.3 s  Change 1",
  ]);
});

test("what is live and what Git wants are said to be the same when they are", () => {
  const lastHealthy = { commit: "c1", tree: "t1", healthyAt: "2026-01-01T00:00:00.000Z" };
  assert.match(
    text({ applications: of(sampleRecord({ lastHealthy })) }),
    /^ {2}live {7}the same, c1, proved healthy 10 min ago$/m,
  );
  assert.match(text({ applications: of(sampleRecord({})) }), /^ {2}live {7}nothing yet$/m);
});

test("nothing from a repository or a cluster can steer the terminal", () => {
  const subject = "Nice\u001b[2J\u0007\u009b31m\r\nwork";
  const record = sampleRecord({ revision: { ...sampleRevision("1"), subject }, message: "a\u001b]0;title\u0007b" });
  const shown = text({ applications: of(record) });
  assert.doesNotMatch(shown.replaceAll("\n", ""), /\p{Cc}/u);
  assert.match(shown, /Git wants {2}c1 Nice \[2J {2}31m {2}work/);
});

test("what the engine does next is said, and in how long", () => {
  const lastHealthy = { commit: "c1", tree: "t1", healthyAt: "2026-01-01T00:00:00.000Z" };
  const revision = sampleRevision("2");
  const open = { revision, outcome: "progressing", lastHealthy, startedAt: "2026-01-01T00:09:00.000Z" } as const;
  assert.match(
    text({ applications: of(sampleRecord(open)) }),
    /^ {2}next {7}in 240 s: unless it is healthy by then, a commit restores c1, the last healthy state$/m,
  );
  const failed = sampleRecord({ ...open, outcome: "failed" });
  assert.match(text({ applications: of(failed) }), /^ {2}next {7}a commit restores c1, the last healthy state$/m);
  assert.doesNotMatch(text({ applications: of(sampleRecord({})) }), /next/);
});
