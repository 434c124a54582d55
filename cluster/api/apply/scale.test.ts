import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeObject } from "../../client.ts";
import { schemaOf } from "../schema.ts";
import { serverSideApply, trackUpdate, withOwnersOfObject, withOwnersOfScale } from "./index.ts";

const path = "spec.replicas";
const now = "2026-01-01T00:00:00Z";
const kind = { apiVersion: "autoscaling/v1", kind: "Scale" };
const write = { ...kind, schema: schemaOf("autoscaling", "v1", "Scale"), subresource: "scale", live: undefined, now };

function scaleOf(spec: { readonly replicas?: number }): KubeObject {
  return { ...kind, metadata: { name: "web" }, spec };
}

const deployment = trackUpdate({
  apiVersion: "apps/v1",
  kind: "Deployment",
  schema: schemaOf("apps", "v1", "Deployment"),
  live: undefined,
  next: {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web" },
    spec: { replicas: 1, paused: true },
  },
  manager: "tool",
  now,
});

function ownersOf(object: KubeObject): unknown {
  const entries = object.metadata.managedFields ?? [];
  return entries.map(({ manager, operation, time, subresource, fieldsV1 }) => [
    manager,
    operation,
    time,
    subresource,
    fieldsV1,
  ]);
}

/** The Deployment with the owners that it has after a write of its Scale. */
function scaled(object: KubeObject, change: (live: KubeObject) => KubeObject): KubeObject {
  return withOwnersOfScale(object, change(withOwnersOfObject(scaleOf({ replicas: 1 }), object, path)), path);
}

const update =
  (spec: { readonly replicas?: number }, manager = "scaler") =>
  (live: KubeObject): KubeObject =>
    trackUpdate({ ...write, live, manager, next: scaleOf(spec) });

const replicas = { "f:spec": { "f:replicas": {} } };
const tool = ["tool", "Update", now, undefined, { "f:spec": { "f:paused": {} } }];

test("replicas move to who writes the scale, without a time, and to nobody with 0", () => {
  const after = scaled(deployment, update({ replicas: 3 }));
  assert.deepEqual(ownersOf(after), [["scaler", "Update", undefined, "scale", replicas], tool]);
  assert.deepEqual(ownersOf(scaled(deployment, update({}))), [tool]);
});

test("an apply of a scale conflicts with whom the replicas belong to, and takes them by force", () => {
  const after = scaled(deployment, update({ replicas: 3 }));
  const apply = (force: boolean) => (live: KubeObject) =>
    serverSideApply({ ...write, live, manager: "applier", applied: scaleOf({ replicas: 4 }), force });
  const message =
    'Apply failed with 1 conflict: conflict with "scaler" with subresource "scale" using autoscaling/v1: .spec.replicas';
  assert.throws(() => scaled(after, apply(false)), { code: 409, message });
  assert.deepEqual(ownersOf(scaled(after, apply(true))), [["applier", "Apply", undefined, "scale", replicas], tool]);
});
