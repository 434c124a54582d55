import assert from "node:assert/strict";
import { test } from "node:test";
import { schemaOf } from "../schema.ts";
import { type PatchMediaType, patchObject } from "./index.ts";

const live = { apiVersion: "v1", kind: "Service", metadata: { name: "s" }, spec: { ports: [{ port: 80, name: "a" }] } };
const schema = schemaOf("", "v1", "Service");

function patched(type: "json" | "merge" | "strategic-merge", patch: unknown): unknown {
  const mediaType: PatchMediaType = `application/${type}-patch+json`;
  return (patchObject({ mediaType, live, patch, schema }) as typeof live).spec.ports;
}

test("each media type patches in its own way", () => {
  const patch = { spec: { ports: [{ port: 80, targetPort: 1 }] } };
  assert.deepEqual(patched("merge", patch), [{ port: 80, targetPort: 1 }]);
  assert.deepEqual(patched("strategic-merge", patch), [{ port: 80, name: "a", targetPort: 1 }]);
  assert.deepEqual(patched("json", [{ op: "remove", path: "/spec/ports/0/name" }]), [{ port: 80 }]);
});

test("a patch of another form cannot be decoded", () => {
  const message = "json: cannot unmarshal array into Go value of type map[string]interface {}";
  assert.throws(() => patched("merge", []), { code: 400, message: `error decoding patch: ${message}` });
  assert.throws(() => patched("merge", null), { code: 400, message: "Invalid JSON Patch" });
  assert.throws(() => patched("strategic-merge", []), { code: 400, message });
  const operations = "json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp";
  assert.throws(() => patched("json", {}), { code: 400, message: `error decoding patch: ${operations}` });
});
