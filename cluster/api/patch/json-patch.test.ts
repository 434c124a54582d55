import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../../client.ts";
import type { JsonMap } from "../json.ts";
import { jsonPatch } from "./json-patch.ts";

const target: JsonMap = { a: { "b/c~d": 1 }, list: ["x", "y"] };

/** One operation each, and what the target is after it. */
const accepted: readonly (readonly [JsonMap, unknown])[] = [
  [
    { op: "add", path: "/n", value: null },
    { ...target, n: null },
  ],
  [
    { op: "add", path: "/list/-", value: "z" },
    { ...target, list: ["x", "y", "z"] },
  ],
  [
    { op: "add", path: "/list/0", value: "w" },
    { ...target, list: ["w", "x", "y"] },
  ],
  [
    { op: "add", path: "/list/-1", value: "z" },
    { ...target, list: ["x", "y", "z"] },
  ],
  [
    { op: "remove", path: "/list/0" },
    { ...target, list: ["y"] },
  ],
  [
    { op: "replace", path: "/a/b~1c~0d", value: 2 },
    { ...target, a: { "b/c~d": 2 } },
  ],
  [{ op: "replace", path: "", value: {} }, {}],
  [
    { op: "replace", path: "/nothing", value: 1 },
    { ...target, nothing: 1 },
  ],
  [
    { op: "add", path: "/list/-" },
    { ...target, list: ["x", "y", null] },
  ],
  [
    { op: "move", from: "/list/0", path: "/list/1" },
    { ...target, list: ["y", "x"] },
  ],
  [
    { op: "copy", from: "/list", path: "/a/l" },
    { ...target, a: { "b/c~d": 1, l: ["x", "y"] } },
  ],
  [{ op: "test", path: "/list/1", value: "y" }, target],
  [{ op: "test", path: "/nothing", value: null }, target],
];

const refused: readonly JsonMap[] = [
  { op: "test", path: "/list/1", value: "x" },
  { op: "remove", path: "/nothing" },
  { op: "replace", path: "/list/2", value: 1 },
  { op: "add", path: "/nothing/below", value: 1 },
  { op: "add", path: "/list/3", value: 1 },
  { op: "add", path: "/list/x", value: 1 },
  { op: "add", path: "list", value: 1 },
  { op: "constructor", path: "/list", value: 1 },
  { op: "test", path: "/nothing/below", value: null },
];

test("each operation does what the RFC says, to a copy", () => {
  const before = structuredClone(target);
  for (const [operation, result] of accepted) assert.deepEqual(jsonPatch(target, [operation]), result);
  assert.deepEqual(target, before);
});

test("an operation that does not apply is refused in Kubernetes' words", () => {
  for (const operation of refused) {
    assert.throws(
      () => jsonPatch(target, [operation]),
      (error) =>
        error instanceof ApiError &&
        error.code === 422 &&
        error.message === "the server rejected our request due to an error in our request",
      JSON.stringify(operation),
    );
  }
});
