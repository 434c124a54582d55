import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../model/json.ts";
import { claimHealth, volumeHealth } from "./volumes.ts";

test("a claim that nobody makes a volume for says what it needs, and that its class may wait for a pod", () => {
  const told = (spec: JsonObject, annotations: JsonObject = {}): string => {
    const { status, message } = claimHealth({ metadata: { annotations }, spec, status: { phase: "Pending" } });
    return `${status}: ${message}`;
  };
  const needs = "InProgress: it is not bound yet (Pending): it needs";
  const pod = "and a pod that uses it where the class waits for one";
  assert.equal(told({ storageClassName: "local" }), `${needs} storage class local, ${pod}`);
  assert.equal(told({}), `${needs} a default storage class or a volume that fits, ${pod}`);
  const made = told({}, { "volume.kubernetes.io/storage-provisioner": "csi.example" });
  assert.equal(made, "InProgress: it is not bound yet (Pending): csi.example is to make its volume");
});

test("a claim whose volume is to grow is bound, and says what that waits for", () => {
  const grows = { type: "FileSystemResizePending", status: "True", message: "start a pod" };
  const { status, message } = claimHealth({ status: { phase: "Bound", conditions: [grows] } });
  assert.equal(`${status}: ${message}`, "Current: it is bound, and not as large as it is to be: start a pod");
  assert.equal(claimHealth({ status: { phase: "Bound" } }).message, "it is bound");
});

test("a volume is healthy when it can be claimed or was", () => {
  const cases: readonly (readonly [JsonObject, string])[] = [
    [{}, "InProgress: it is not available yet (no status)"],
    [{ status: { phase: "Pending" } }, "InProgress: it is not available yet (Pending)"],
    [{ status: { phase: "Available" } }, "Current: it is available"],
    [{ status: { phase: "Bound" } }, "Current: it is bound"],
    [{ status: { phase: "Released" } }, "Current: it is released"],
    [{ status: { phase: "Failed", message: "in use" } }, "Failed: it could not be given back: in use"],
  ];
  for (const [volume, expected] of cases) {
    const { status, message } = volumeHealth(volume);
    assert.equal(`${status}: ${message}`, expected);
  }
});
