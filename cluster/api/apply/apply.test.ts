import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../../client.ts";
import { schemaOf } from "../schema.ts";
import { type JsonObject, serverSideApply, trackUpdate } from "./index.ts";

const now = "2026-01-01T00:00:00Z";
const configMap = { apiVersion: "v1", kind: "ConfigMap", schema: schemaOf("", "v1", "ConfigMap") };
const deployment = { apiVersion: "apps/v1", kind: "Deployment", schema: schemaOf("apps", "v1", "Deployment") };

function settings(data: JsonObject | undefined): JsonObject {
  const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } };
  return data === undefined ? object : { ...object, data };
}

function apply(live: JsonObject | undefined, manager: string, applied: JsonObject, force = false): JsonObject {
  const kind = applied["kind"] === "Deployment" ? deployment : configMap;
  return serverSideApply({ ...kind, live, manager, applied, force, now }).object;
}

function ownersOf(object: JsonObject): unknown {
  const { managedFields } = object["metadata"] as { managedFields?: { manager: string; fieldsV1: unknown }[] };
  return Object.fromEntries((managedFields ?? []).map(({ manager, fieldsV1 }) => [manager, fieldsV1]));
}

function refusal(act: () => unknown): ApiError {
  try {
    act();
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  return assert.fail("nothing was refused");
}

test("an applied field that is left out goes, and stays where another applier has it", () => {
  const both = apply(apply(undefined, "a", settings({ x: "1", y: "1" })), "b", settings({ y: "1" }));
  const left = apply(both, "a", settings(undefined));
  assert.deepEqual(left["data"], { y: "1" });
  assert.deepEqual(ownersOf(left), { b: { "f:data": { "f:y": {} } } });
});

test("a change of another's field is refused with one cause a field, and force takes it over", () => {
  const live = apply(undefined, "a", settings({ x: "1", y: "1" }));
  const error = refusal(() => apply(live, "b", settings({ x: "2", y: "2" })));
  assert.equal(error.code, 409);
  assert.equal(error.message, 'Apply failed with 2 conflicts: conflicts with "a":\n- .data.x\n- .data.y');
  assert.deepEqual(error.details, {
    causes: [".data.x", ".data.y"].map((field) => ({
      reason: "FieldManagerConflict",
      message: 'conflict with "a"',
      field,
    })),
  });
  const forced = apply(live, "b", settings({ x: "2" }), true);
  assert.deepEqual(ownersOf(forced), { a: { "f:data": { "f:y": {} } }, b: { "f:data": { "f:x": {} } } });
});

test("a conflict with an update names its version", () => {
  const live = trackUpdate({ ...configMap, live: undefined, next: settings({ x: "1" }), manager: "tool", now });
  const error = refusal(() => apply(live, "b", settings({ x: "2" })));
  assert.equal(error.message, 'Apply failed with 1 conflict: conflict with "tool" using v1: .data.x');
});
