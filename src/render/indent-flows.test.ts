import assert from "node:assert/strict";
import { test } from "node:test";
import { indentFlows } from "./indent-flows.ts";
import { readDocuments } from "./read-documents.ts";

const read = (text: string): unknown => {
  const found = readDocuments({ path: "a.yaml", content: Buffer.from(text) });
  return found.ok ? found.value.map(({ value }) => value) : found.problems;
};

test("a bracket that closes under its key is read, as kubectl reads it, whatever stands before and within", () => {
  const text = 'v: [\n  a,\n  "b\n  c", # ]\n  d\n]\nw:\n  - x: {\n      p: z,\n    }\n---\nq: {\n}\n';
  assert.deepEqual(read(text), [{ v: ["a", "b c", "d"], w: [{ x: { p: "z" } }] }, { q: {} }]);
});

test("a list's items keep their lines", () => {
  const found = readDocuments({
    path: "a.yaml",
    content: Buffer.from("kind: List\nitems:\n- a: [\n    1\n  ]\n- { b: 2\n  }\n"),
  });
  assert.deepEqual(found.ok && found.value.map(({ where }) => where.line), [3, 6]);
});

test("what is wrong otherwise is still said, and nesting without end takes no stack", () => {
  assert.match(JSON.stringify(read("v: [\na\n")), /manifest-not-yaml/);
  assert.match(JSON.stringify(read(`v: [\n  a\n]\nw: ${"[".repeat(50_000)}`)), /yaml-too-deep/);
  assert.equal(indentFlows("a: b\nc:\n- d\n"), "a: b\nc:\n- d\n");
});
