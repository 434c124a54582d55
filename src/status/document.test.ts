import assert from "node:assert/strict";
import { test } from "node:test";
import type { Observation } from "../model/health.ts";
import type { DeliveryRecord, Promotion } from "../model/record.ts";
import { statusDocument } from "./document.ts";
import type { StatusSource } from "./document.ts";
import { sampleApplication, sampleRecord, sampleRevision, sampleSource } from "./sample-source-in-test.ts";

const nothingSeen: Observation = { objects: [], pods: [] };
const nowMs = Date.parse("2026-01-01T00:10:00.000Z");

function shown(record: DeliveryRecord, past: readonly DeliveryRecord[] = [], observation = nothingSeen) {
  const entry = { application: sampleApplication, record, observation, history: [record, ...past] };
  const [application] = statusDocument(sampleSource({ applications: [entry] }), nowMs).applications;
  return application ?? assert.fail("one application is shown");
}

test("the document says who made it, when, and from which repository", () => {
  const document = statusDocument(sampleSource({}), nowMs);
  assert.equal(document.schema, 1);
  assert.equal(document.generatedAt, "2026-01-01T00:10:00.000Z");
  assert.deepEqual(document.repository, { url: "/srv/shop.git", branch: "main", reachable: true });
});

test("who cannot be told is named with what a person must do, and nobody is where all can be", () => {
  const problem = { code: "x", message: "github answered 401", remedy: "Put a new token there." };
  const source = { ...sampleSource({}), untold: [{ receiver: "github", problem }] };
  const message = "github answered 401 (Put a new token there.)";
  assert.deepEqual(statusDocument(source, nowMs).untold, [{ receiver: "github", message }]);
  assert.equal("untold" in statusDocument({ ...source, untold: [] }, nowMs), false);
});

test("a repository in trouble says so in one sentence, with the remedy", () => {
  const trouble = { code: "gone", message: "it is not there", remedy: "look for it" };
  const repository: StatusSource["repository"] = { url: "/srv/shop.git", branch: "main", reachable: false, trouble };
  const document = statusDocument(sampleSource({ repository }), nowMs);
  assert.equal(document.repository.trouble, "it is not there (look for it)");
  assert.equal(document.repository.reachable, false);
});

test("only a healthy delivery is in sync; one that is open has a deadline", () => {
  const healthy = shown(sampleRecord({}));
  assert.equal(healthy.inSync, true);
  assert.equal(healthy.deadlineAt, undefined);
  for (const outcome of ["progressing", "failed", "rolled-back", "held", "refused"] as const) {
    const other = shown(sampleRecord({ outcome }));
    assert.equal(other.inSync, false, outcome);
    assert.equal(other.deadlineAt, outcome === "progressing" ? "2026-01-01T00:05:00.000Z" : undefined, outcome);
  }
  const soaking = shown(sampleRecord({ outcome: "progressing", currentSince: "2026-01-01T00:01:00.000Z" }));
  assert.equal(soaking.deadlineAt, undefined, "every object is healthy, so that no deadline counts any more");
  const passedAt = "2026-01-01T00:03:00.000Z";
  const rest = shown(sampleRecord({ outcome: "progressing", canary: { pods: 1, beside: 4, passedAt } }));
  assert.equal(rest.deadlineAt, "2026-01-01T00:08:00.000Z", "what follows a canary has a deadline of its own");
});

test("what is live is the last healthy revision, with its images", () => {
  assert.equal(shown(sampleRecord({ outcome: "progressing" })).live, undefined);
  const noted = { commit: "c1", tree: "t1", healthyAt: "2026-01-01T00:00:00.000Z" };
  const lastHealthy = { ...noted, images: ["web:1@sha256:aa"] };
  const failing = sampleRecord({ revision: sampleRevision("2"), outcome: "failed", images: ["web:2"], lastHealthy });
  const { live, wanted } = shown(failing);
  assert.deepEqual(live, lastHealthy);
  assert.equal(wanted.revision.commit, "c2");
  assert.deepEqual(wanted.images, ["web:2"]);
  assert.deepEqual(shown({ ...failing, lastHealthy: noted }).live?.images, []);
});

test("objects carry what the watches say now, or else what the record last said", () => {
  const ref = (name: string) => ({ group: "apps", kind: "Deployment", namespace: "shop", name });
  const said = { status: "InProgress", reason: "LessReady", message: "0 of 1 pods are ready" } as const;
  const seen = { status: "Current", reason: "DeploymentAvailable", message: "all 1 pods are updated" } as const;
  const health = [
    { ref: ref("api"), health: said },
    { ref: ref("web"), health: said },
  ];
  const observation = { objects: [{ ref: ref("web"), health: seen }], pods: [] };
  const { objects } = shown(sampleRecord({ health }), [], observation);
  assert.deepEqual(objects, [
    { ref: ref("api"), health: said, inSync: true },
    { ref: ref("web"), health: seen, inSync: true },
  ]);
});

test("the history is the newest first, with durations, and what was never decided gave way", () => {
  const rollback = {
    commit: "c9",
    undoes: "c2",
    restores: { commit: "c1", tree: "t1", healthyAt: "2026-01-01T00:00:00.000Z" },
  };
  const { decidedAt: _, ...open } = sampleRecord({ outcome: "progressing", revision: sampleRevision("1") });
  const { history } = shown(sampleRecord({ revision: sampleRevision("3") }), [
    sampleRecord({ revision: sampleRevision("2"), outcome: "rolled-back", rollback }),
    open,
  ]);
  assert.deepEqual(
    history.map((one) => [one.revision.commit, one.outcome, one.durationMs, one.rollback?.commit]),
    [
      ["c3", "healthy", 12_340, undefined],
      ["c2", "rolled-back", 12_340, "c9"],
      ["c1", "superseded", undefined, undefined],
    ],
  );
  assert.equal(history[2]?.message, "a newer commit came before it was decided");
  assert.equal(shown(open).history[0]?.outcome, "progressing");
});

test("what a promotion brought says where it had been proved healthy, though a newer promotion waits", () => {
  const promotion = (from: string, by?: string): Promotion => ({
    from,
    commit: `source of ${from}`,
    images: [],
    onto: "t1",
    outcome: by === undefined ? "waiting" : "promoted",
    message: "",
    at: "2026-01-01T00:00:00.000Z",
    ...(by === undefined ? {} : { by }),
    superseded: [],
  });
  const { history } = shown(sampleRecord({ revision: sampleRevision("2"), promotion: promotion("newer") }), [
    sampleRecord({ revision: sampleRevision("1"), promotion: promotion("staging/shop", "c2") }),
  ]);
  assert.deepEqual(history[0]?.promotedFrom, { from: "staging/shop", commit: "source of staging/shop" });
  assert.equal(history[1]?.promotedFrom, undefined);
});
