import assert from "node:assert/strict";
import { test } from "node:test";
import { readApplied } from "./applied-body.ts";

test("reads YAML as Go does: yes is true, times are text, the first document counts", () => {
  const text = "# c\ndata: {a: &x yes, b: *x, when: 2020-01-01T00:00:00Z, mode: 0644, at: 1:30}\n---\nother: 1\n";
  const data = { a: true, b: true, when: "2020-01-01T00:00:00Z", mode: 420, at: "1:30" };
  assert.deepEqual(readApplied(text), { body: { data }, duplicates: [] });
  assert.deepEqual(readApplied('{"a":{"b":null}}').body, { a: { b: null } });
  assert.deepEqual(readApplied("").body, {});
});

test("of a key that stands twice the last counts, and it is told", () => {
  const { body, duplicates } = readApplied("data:\n  a: '1'\n  a: '2'\n");
  assert.deepEqual(body, { data: { a: "2" } });
  assert.deepEqual(duplicates, ['line 3: key "a" already set in map']);
});

test("what cannot be read is refused in Kubernetes' words", () => {
  const converting = "error decoding YAML: error converting YAML to JSON: yaml:";
  const table = [
    ["{a: [", `${converting} line 1: did not find expected node content`],
    ["a: b: c", `${converting} line 1: mapping values are not allowed in this context`],
    [
      "- a",
      "error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type map[string]interface {}",
    ],
  ] as const;
  for (const [text, message] of table) assert.throws(() => readApplied(text), { code: 400, message });
});
