import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { printPath } from "./field-path.ts";
import { appliedFields, otherManagersOf } from "./field-set.ts";

const ours = { manager: "plumbline", operation: "Apply", apiVersion: "v1" };
const replicas = { "f:spec": { "f:replicas": {} } };

function live(...managedFields: readonly JsonObject[]): KubeObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c", managedFields } };
}

function others(path: readonly string[], ...entries: readonly JsonObject[]): readonly string[] {
  return otherManagersOf(live(...entries), path);
}

test("only what Plumbline applied to the object itself, in that version, is its own", () => {
  assert.deepEqual(appliedFields(live({ ...ours, fieldsV1: replicas }), "v1"), replicas);
  assert.equal(appliedFields(live({ ...ours, fieldsV1: replicas }), "v2"), undefined);
  for (const different of [{ operation: "Update" }, { manager: "kubectl" }, { subresource: "status" }]) {
    assert.equal(appliedFields(live({ ...ours, ...different, fieldsV1: replicas }), "v1"), undefined);
  }
  assert.deepEqual(appliedFields(live({ ...ours, subresource: "", fieldsV1: replicas }), "v1"), replicas);
});

test("a field is whose it is, or something below it, or something above it as a whole", () => {
  const entry = (manager: string, fieldsV1: JsonObject) => ({ manager, operation: "Update", fieldsV1 });
  const path = ["f:spec", "f:selector", "f:app"];
  assert.deepEqual(others(path, entry("exact", { "f:spec": { "f:selector": { "f:app": {} } } })), ["exact"]);
  assert.deepEqual(others(path, entry("below", { "f:spec": { "f:selector": { "f:app": { "f:x": {} } } } })), ["below"]);
  assert.deepEqual(others(path, entry("above", { "f:spec": { "f:selector": {} } })), ["above"]);
  assert.deepEqual(others(path, entry("above", { "f:spec": { "f:selector": { ".": {} } } })), ["above"]);
  assert.deepEqual(others(path, entry("beside", { "f:spec": { "f:selector": { "f:other": {} } } })), []);
  assert.deepEqual(others(path, entry("beside", { "f:status": { "f:x": {} } })), []);
  assert.deepEqual(others(path, { manager: "silent", operation: "Update" }), []);
  assert.deepEqual(others(path, { ...ours, fieldsV1: { "f:spec": {} } }), [], "Plumbline is no other");
});

test("the latest is named first, of the same time by name, each once", () => {
  const entry = (manager: string | undefined, time?: string) => ({
    ...(manager === undefined ? {} : { manager }),
    operation: "Update",
    fieldsV1: replicas,
    ...(time === undefined ? {} : { time }),
  });
  const [early, late] = ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"];
  const path = ["f:spec", "f:replicas"];
  const all = [
    entry("c", early),
    entry("a", early),
    entry("b", late),
    entry("b", early),
    entry("never"),
    entry(undefined, late),
  ];
  const wanted = ["unknown", "b", "a", "c", "never"];
  assert.deepEqual(others(path, ...all), wanted);
  assert.deepEqual(others(path, ...all.toReversed()), wanted);
});

test("a key is printed by the name alone only where the name is all of it", () => {
  assert.equal(printPath(["f:list", 'k:{"name":"a"}']), "list[a]");
  assert.equal(printPath(["f:list", 'k:{"name":"a","protocol":"TCP"}']), "list[name=a,protocol=TCP]");
  assert.equal(printPath(["f:list", 'k:{"port":1}']), "list[port=1]");
  assert.equal(printPath(["f:list", "k:broken"]), "list[broken]");
});
