import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleRecord } from "../history/sample-record-in-test.ts";
import { sampleManifest } from "../model/sample-manifest-in-test.ts";
import type { DeliveryRecord } from "../model/record.ts";
import { notesOn } from "./notes.ts";
import { remarked } from "./records.ts";

const ignored = [{ steps: ["data"] }, { steps: ["spec", "replicas"], leftTo: "HorizontalPodAutoscaler shop/scaler" }];
const object = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web", namespace: "shop" } };
const manifest = sampleManifest(object, { ignored });
const note =
  "spec.replicas of Deployment shop/web is left to HorizontalPodAutoscaler shop/scaler, whatever Git says of it";
const held = { code: "prune-held", message: "Namespace shop was not deleted", remedy: "write allowPrune" };
const healthy: DeliveryRecord = {
  ...sampleRecord(),
  outcome: "healthy",
  message: "every object is healthy and stayed so for 10 s",
};

test("a healthy record says what is left to an autoscaler, and nothing of what delivery.yaml leaves to others", () => {
  assert.deepEqual(notesOn([manifest, sampleManifest(object)], []), [note]);
  assert.equal(remarked(healthy, [], [note]).message, `${healthy.message}; ${note}`);
});

test("remarks do not pile up from pass to pass, and go when they are true no more", () => {
  const first = remarked(healthy, [held], [note]);
  assert.equal(first.message, `${healthy.message}; Namespace shop was not deleted; ${note}`);
  assert.equal(first.remedy, "write allowPrune");
  assert.deepEqual(first.problems, [held]);
  assert.deepEqual(remarked(first, [held], [note]), first);
  const last = remarked(first, [], []);
  assert.equal(last.message, healthy.message);
  assert.equal(last.remedy, undefined);
  const progressing = { ...healthy, outcome: "progressing" } as const;
  assert.equal(remarked(progressing, [held], [note]), progressing);
});
