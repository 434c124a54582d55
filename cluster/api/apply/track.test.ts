import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeObject } from "../../client.ts";
import type { JsonMap } from "../json.ts";
import { schemaOf } from "../schema.ts";
import { trackUpdate } from "./index.ts";

const configMap = { apiVersion: "v1", kind: "ConfigMap", schema: schemaOf("", "v1", "ConfigMap") };
const deployment = { apiVersion: "apps/v1", kind: "Deployment", schema: schemaOf("apps", "v1", "Deployment") };

function timeAt(second: number): string {
  return `2026-01-01T00:00:${String(second).padStart(2, "0")}Z`;
}

function settings(data: Readonly<Record<string, string>>, of?: KubeObject): KubeObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: of?.metadata ?? { name: "a" }, data };
}

function track(live: KubeObject | undefined, next: KubeObject, manager = "tool", second = 0): KubeObject {
  return trackUpdate({ ...configMap, live, next, manager, now: timeAt(second) });
}

function ownersOf(object: KubeObject): unknown {
  return Object.fromEntries((object.metadata.managedFields ?? []).map(({ manager, fieldsV1 }) => [manager, fieldsV1]));
}

test("a create is owned by its writer, the maps that it brought with it", () => {
  const live = track(undefined, settings({ x: "1" }));
  assert.deepEqual(live.metadata.managedFields, [
    {
      manager: "tool",
      operation: "Update",
      apiVersion: "v1",
      time: timeAt(0),
      fieldsType: "FieldsV1",
      fieldsV1: { "f:data": { ".": {}, "f:x": {} } },
    },
  ]);
});

test("structs that Go has anyway are nobody's, others are their creator's", () => {
  const spec = {
    strategy: { rollingUpdate: { maxSurge: 1 } },
    template: {
      spec: { containers: [{ name: "web", resources: {}, ports: [{ containerPort: 80, protocol: "TCP" }] }] },
    },
  };
  const next = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web" }, spec, status: {} };
  const port = { ".": {}, "f:containerPort": {}, "f:protocol": {} };
  const ports = { ".": {}, 'k:{"containerPort":80,"protocol":"TCP"}': port };
  const containers = { 'k:{"name":"web"}': { ".": {}, "f:name": {}, "f:ports": ports, "f:resources": {} } };
  assert.deepEqual(ownersOf(trackUpdate({ ...deployment, live: undefined, next, manager: "tool", now: timeAt(0) })), {
    tool: {
      "f:spec": {
        "f:strategy": { "f:rollingUpdate": { ".": {}, "f:maxSurge": {} } },
        "f:template": { "f:spec": { "f:containers": containers } },
      },
    },
  });
});

test("a custom object owns its structs too, and its status unless that has a subresource", () => {
  const kind = { apiVersion: "example.org/v1", kind: "Thing", schema: undefined };
  const next: KubeObject = {
    apiVersion: kind.apiVersion,
    kind: "Thing",
    metadata: { name: "t" },
    spec: { a: [1] },
    status: {},
  };
  const spec = { "f:spec": { ".": {}, "f:a": {} } };
  const request = { ...kind, live: undefined, next, manager: "tool", now: timeAt(0) };
  assert.deepEqual(ownersOf(trackUpdate(request)), { tool: spec });
  assert.deepEqual(ownersOf(trackUpdate({ ...request, hasStatus: false })), { tool: { ...spec, "f:status": {} } });
});

test("who changes a field owns it alone; who only removes gains nothing and keeps its time", () => {
  const live = track(track(undefined, settings({ x: "1", y: "1" }), "a", 0), settings({ x: "2", y: "1" }), "b", 1);
  assert.deepEqual(ownersOf(live), { a: { "f:data": { ".": {}, "f:y": {} } }, b: { "f:data": { "f:x": {} } } });
  const left = track(live, settings({ x: "2" }, live), "b", 2);
  assert.deepEqual(ownersOf(left), { a: { "f:data": {} }, b: { "f:data": { "f:x": {} } } });
  assert.deepEqual(
    left.metadata.managedFields?.map(({ time }) => time),
    [timeAt(0), timeAt(1)],
  );
});

test("an unchanged write keeps everything, also where it sends no managedFields", () => {
  const live = track(undefined, settings({ x: "1" }));
  assert.deepEqual(track(live, settings({ x: "1" }), "other", 9), live);
});

test("an empty list or the one entry {} resets the owners, but not through a subresource", () => {
  const live = track(undefined, settings({ x: "1" }));
  const reset = { ...live, metadata: { ...live.metadata, managedFields: [{}] } };
  const unowned = track(live, reset);
  const emptied = track(live, { ...live, metadata: { ...live.metadata, managedFields: [] } });
  assert.equal("managedFields" in emptied.metadata, false);
  assert.equal("managedFields" in unowned.metadata, false);
  assert.equal("managedFields" in track(unowned, settings({ x: "2" })).metadata, false);
  const through = trackUpdate({
    ...configMap,
    live,
    next: reset,
    manager: "tool",
    now: timeAt(1),
    subresource: "status",
  });
  assert.deepEqual(through.metadata.managedFields, live.metadata.managedFields);
});

test("of more than ten updates the oldest become ancient-changes", () => {
  let live = track(undefined, settings({ k0: "1" }), "m0", 0);
  const data: Record<string, string> = { k0: "1" };
  for (let index = 1; index <= 11; index++) {
    data[`k${index}`] = "1";
    live = track(live, settings({ ...data }, live), `m${index}`, index);
  }
  const entries = live.metadata.managedFields ?? [];
  assert.deepEqual(
    entries.map(({ manager }) => manager),
    ["ancient-changes", ...[3, 4, 5, 6, 7, 8, 9, 10, 11].map((index) => `m${index}`)],
  );
  assert.deepEqual(entries[0]?.fieldsV1, { "f:data": { ".": {}, "f:k0": {}, "f:k1": {}, "f:k2": {} } });
});

test("a struct that the request left out is nobody's either when it comes later", () => {
  const job = (template: JsonMap): KubeObject => ({
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: "j" },
    spec: { template },
  });
  const request = { apiVersion: "batch/v1", kind: "Job", schema: schemaOf("batch", "v1", "Job"), now: timeAt(0) };
  const live = trackUpdate({ ...request, live: undefined, next: job({ spec: { nodeName: "n" } }), manager: "a" });
  const next = job({ metadata: { labels: { l: "1" } }, spec: { nodeName: "n" } });
  const labels = { "f:labels": { ".": {}, "f:l": {} } };
  assert.deepEqual(ownersOf(trackUpdate({ ...request, live, next, manager: "b" })), {
    a: { "f:spec": { "f:template": { "f:spec": { "f:nodeName": {} } } } },
    b: { "f:spec": { "f:template": { "f:metadata": labels } } },
  });
});
