import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../../client.ts";
import type { Json } from "../apply/json.ts";
import { jsonPatch } from "./json-patch.ts";

const target: Json = { a: { "b/c~d": 1 }, list: ["x", "y"] };

/** One operation each, and what the target is after it. */
const accepted: readonly (readonly [Json, Json])[] = [
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
  [{ op: "replace", path: "", value: 1 }, 1],
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

const refused: readonly Json[] = [
  { op: "test", path: "/list/1", value: "x" },
  { op: "remove", path: "/nothing" },
  { op: "replace", path: "/nothing", value: 1 },
  { op: "add", path: "/nothing/below", value: 1 },
  { op: "add", path: "/list/3", value: 1 },
  { op: "add", path: "/list/x", value: 1 },
  { op: "add", path: "list", value: 1 },
  { op: "constructor", path: "/list", value: 1 },
  { op: "add", path: "/list/-" },
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

test("what is no list of operations cannot be decoded", () => {
  assert.throws(() => jsonPatch(target, { op: "add" }), {
    code: 400,
    message: "json: cannot unmarshal object into Go value of type jsonpatch.Patch",
  });
});
