import assert from "node:assert/strict";
import { test } from "node:test";
import { outcomes } from "../model/record.ts";
import type { Promotion } from "../model/record.ts";
import { faultsOf, isTaken } from "./document-checker-in-test.ts";
import { statusDocument } from "./document.ts";
import { exampleDocument } from "./example-documents-in-test.ts";
import { sampleApplication, sampleRecord, sampleRevision, sampleSource } from "./sample-source-in-test.ts";

const nowMs = Date.parse("2026-01-01T00:10:00.000Z");

test("the published schema describes every member of every document", () => {
  const lastHealthy = { commit: "c1", tree: "t1", healthyAt: "2026-01-01T00:00:00.000Z" };
  const rollback = { commit: "c3", undoes: "c2", restores: lastHealthy };
  const candidate = { from: "staging/shop", commit: "c1", images: ["web:1"] };
  const promotion: Promotion = {
    ...candidate,
    onto: "t1",
    outcome: "promoted",
    message: "done",
    at: "2026-01-01T00:00:00.000Z",
    by: "c2",
    superseded: [candidate],
  };
  const applications = outcomes.map((outcome) => {
    const record = sampleRecord({
      revision: sampleRevision("2"),
      outcome,
      lastHealthy,
      rollback,
      promotion,
      canary: { pods: 1, beside: 4, passedAt: "2026-01-01T00:00:05.000Z" },
    });
    const application = { ...sampleApplication, cluster: "production" };
    return { application, record, observation: { objects: [], pods: [] }, history: [record] };
  });
  assert.deepEqual(
    faultsOf({ ...statusDocument(sampleSource({ applications }), nowMs), parts: ["page/2/0.json"] }),
    [],
  );
  for (const state of ["crowd", "promoted", "first", "unreachable", "failed", "rolled-back", "hostile"] as const) {
    assert.deepEqual(faultsOf(exampleDocument(state, nowMs)), [], state);
  }
});

test("who reads by the published schema takes later additions, and nothing that means something else", () => {
  const document = exampleDocument("held", nowMs);
  const [application] = document.applications;
  assert.equal(isTaken({ ...document, later: true, applications: [{ ...application, later: {} }] }), true);
  assert.equal(isTaken({ ...document, schema: 2 }), false);
  assert.equal(isTaken({ ...document, applications: [{ ...application, outcome: "fine" }] }), false);
  assert.equal(isTaken({ ...document, applications: [{ ...application, history: undefined }] }), false);
  assert.equal(isTaken({ ...document, applications: {} }), false);
});
