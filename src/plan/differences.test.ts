import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json, JsonObject } from "../model/json.ts";
import { differences } from "./differences.ts";
import { printPath } from "./field-path.ts";

const base = { apiVersion: "example.org/v1", kind: "Widget", metadata: { name: "w" } };

/** What differs between a value that Git declares at `spec` and the live one, of which Plumbline owns so much. */
function found(desired: Json, live: Json | undefined, owned?: JsonObject): readonly string[] {
  const fieldsV1 = owned === undefined ? {} : { "f:spec": owned };
  const entry = { manager: "plumbline", operation: "Apply", apiVersion: base.apiVersion, fieldsV1 };
  const is = {
    ...base,
    metadata: { name: "w", managedFields: [entry] },
    ...(live === undefined ? {} : { spec: live }),
  };
  const all = differences({ object: { ...base, spec: desired } }, is) ?? assert.fail("it was applied");
  return all.map(({ kind, path }) => `${kind} ${printPath(path)}`);
}

test("null declares nothing: it is a difference only where Plumbline still owns a value", () => {
  assert.deepEqual(found({ a: null }, { a: 5 }, { "f:b": {} }).includes("surplus spec.a"), false);
  assert.deepEqual(found({ a: null }, { a: 5 }, { "f:a": {} }), ["surplus spec.a"]);
  assert.deepEqual(found({ a: null }, { a: null }, { "f:a": {} }), []);
  assert.deepEqual(found({ a: null }, {}, { "f:a": {} }), []);
});

test("what is empty in Git and left out by the server is no difference, but an empty text is one, and so is what is filled", () => {
  for (const empty of [[], {}]) {
    assert.deepEqual(found({ a: empty }, {}, { "f:a": {} }), []);
    assert.deepEqual(found({ a: empty }, { a: [1] }, { "f:a": {} }), ["value spec.a"]);
  }
  for (const value of ["", 0, false, [1], { b: 1 }]) {
    assert.deepEqual(found({ a: value }, {}, { "f:a": {} }), ["value spec.a"], JSON.stringify(value));
  }
});

test("what Plumbline does not own is told as far down as fields go", () => {
  assert.deepEqual(found({ a: 1, b: { c: 1 } }, { a: 2, b: { c: 2, d: 3 } }), ["foreign spec.a", "foreign spec.b.c"]);
  assert.deepEqual(found({}, { a: 1 }), ["foreign spec"], "an empty map is a value of its own");
  assert.deepEqual(found({ a: { b: 1 } }, { a: 1 }), ["foreign spec.a"]);
  assert.deepEqual(found({ a: { b: 1 } }, {}), ["foreign spec.a"]);
  assert.deepEqual(found({ a: 1 }, undefined), ["foreign spec"]);
});

test("items that the server does not know are named as people would name them", () => {
  const owned = { "f:list": { 'k:{"name":"a"}': { ".": {}, "f:name": {} } }, "f:set": { 'v:"x"': {} } };
  const live = { list: [{ name: "a" }], set: ["x"] };
  const items = [{ name: "a" }, { name: "new" }, { port: 1 }, [2], "text"];
  assert.deepEqual(found({ list: items, set: ["x", "y"] }, live, owned), [
    "foreign spec.list[new]",
    "foreign spec.list[new item]",
    "foreign spec.list[new item]",
    "foreign spec.list[text]",
    "foreign spec.set[y]",
  ]);
});

test("items in another order, gone, or not there any more", () => {
  const key = (name: string): string => `k:${JSON.stringify({ name })}`;
  const owned = { "f:list": { [key("a")]: { ".": {}, "f:name": {} }, [key("b")]: { ".": {}, "f:name": {} } } };
  const [a, b, other] = [{ name: "a" }, { name: "b" }, { name: "other" }];
  assert.deepEqual(found({ list: [a, b] }, { list: [a, other, b] }, owned), []);
  assert.deepEqual(found({ list: [a, b] }, { list: [b, a] }, owned), ["order spec.list"]);
  assert.deepEqual(found({ list: [a, b] }, { list: [b] }, owned), ["value spec.list[a]"]);
  assert.deepEqual(found({ list: [b] }, { list: [a, b] }, owned), ["surplus spec.list[a]"]);
  assert.deepEqual(found({ list: [a, b] }, { list: "none" }, owned), ["value spec.list[a]", "value spec.list[b]"]);
});

test("a key of several fields fits an item that leaves one of them to the server, and no other", () => {
  const key = (protocol: string): string => `k:${JSON.stringify({ port: 53, protocol })}`;
  const owned = { "f:ports": { [key("TCP")]: { ".": {}, "f:port": {} } } };
  const live = { ports: [{ port: 53, protocol: "TCP" }] };
  assert.deepEqual(found({ ports: [{ port: 53 }] }, live, owned), []);
  assert.deepEqual(found({ ports: [{ port: 53 }] }, { ports: [{ port: 53, protocol: "UDP" }] }, owned), [
    "value spec.ports[port=53,protocol=TCP]",
  ]);
  assert.deepEqual(found({ ports: [{ port: 53 }] }, { ports: [{ port: 53 }, 53] }, owned), [
    "value spec.ports[port=53,protocol=TCP]",
  ]);
  assert.deepEqual(found({ ports: ["53"] }, live, owned), [
    "foreign spec.ports[53]",
    "surplus spec.ports[port=53,protocol=TCP]",
  ]);
});
