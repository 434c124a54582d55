import assert from "node:assert/strict";
import { test } from "node:test";
import { schemaOf } from "../schema.ts";
import { type Patch, patchObject, patchOf } from "./patches.ts";

const live = { apiVersion: "v1", kind: "Service", metadata: { name: "s" }, spec: { ports: [{ port: 80, name: "a" }] } };

function patched(way: Patch["way"], patch: unknown): unknown {
  const read = patchOf(way, JSON.stringify(patch));
  return (patchObject(read, live, schemaOf("", "v1", "Service")) as typeof live).spec.ports;
}

test("each media type patches in its own way", () => {
  const patch = { spec: { ports: [{ port: 80, targetPort: 1 }] } };
  assert.deepEqual(patched("merge", patch), [{ port: 80, targetPort: 1 }]);
  assert.deepEqual(patched("strategic-merge", patch), [{ port: 80, name: "a", targetPort: 1 }]);
  assert.deepEqual(patched("json", [{ op: "remove", path: "/spec/ports/0/name" }]), [{ port: 80 }]);
});

test("nothing is no merge patch, but the others do nothing by it", () => {
  assert.throws(() => patched("merge", null), { code: 400, message: "Invalid JSON Patch" });
  assert.deepEqual(patched("json", null), live.spec.ports);
  assert.deepEqual(patched("strategic-merge", null), live.spec.ports);
});

test("a patch of another form cannot be decoded", () => {
  const table = [
    ["merge", "[]", "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}"],
    ["merge", "{", "error decoding patch: unexpected end of JSON input"],
    ["strategic-merge", "[]", "json: cannot unmarshal array into Go value of type map[string]interface {}"],
    ["json", "{}", "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"],
    ["json", "[1]", "error decoding patch: json: cannot unmarshal number into Go value of type handlers.jsonPatchOp"],
    [
      "json",
      '[{"op":1}]',
      "error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string",
    ],
  ] as const;
  for (const [way, text, message] of table) assert.throws(() => patchOf(way, text), { code: 400, message });
});

test("keys that stand twice and unknown parts of operations are told", () => {
  assert.deepEqual(patchOf("merge", '{"data":{"a":"1","a":"2"}}').mistakes, ['duplicate field "data.a"']);
  const operation = '[{"op":"add","op":"add","path":"/data/n","value":"1","extra":1}]';
  const mistakes = ['json patch duplicate field "[0].op"', 'json patch unknown field "[0].extra"'];
  assert.deepEqual(patchOf("json", operation).mistakes, mistakes);
});
