import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError, type KubeObject } from "../../client.ts";
import type { JsonMap } from "../json.ts";
import { schemaOf } from "../schema.ts";
import { serverSideApply, trackUpdate } from "./index.ts";

const now = "2026-01-01T00:00:00Z";
const later = "2026-01-01T00:01:00Z";
const configMap = { apiVersion: "v1", kind: "ConfigMap", schema: schemaOf("", "v1", "ConfigMap") };
const deployment = { apiVersion: "apps/v1", kind: "Deployment", schema: schemaOf("apps", "v1", "Deployment") };

function settings(data: JsonMap | null | undefined): KubeObject {
  const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } };
  return data === undefined ? object : { ...object, data };
}

interface Entry {
  readonly manager: string;
  readonly time?: string;
  readonly fieldsV1: unknown;
}

function entriesOf(object: KubeObject): readonly Entry[] {
  return (object.metadata.managedFields ?? []) as Entry[];
}

function ownersOf(object: KubeObject): unknown {
  return Object.fromEntries(entriesOf(object).map(({ manager, fieldsV1 }) => [manager, fieldsV1]));
}

interface Options {
  readonly force?: boolean;
  readonly now?: string;
  readonly subresource?: string;
}

function apply(live: KubeObject | undefined, manager: string, applied: unknown, options: Options = {}): KubeObject {
  const isDeployment = (applied as KubeObject).kind === "Deployment";
  return serverSideApply({ ...(isDeployment ? deployment : configMap), live, manager, applied, now, ...options });
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

function webOf(pod: JsonMap, more: JsonMap = {}): JsonMap {
  const spec = { template: { spec: { containers: [{ name: "web", image: "web:1", ...pod }] } } };
  return { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web" }, spec, ...more };
}

test("an applied field that is left out goes, and stays where another applier has it", () => {
  const both = apply(apply(undefined, "a", settings({ x: "1", y: "1" })), "b", settings({ y: "1" }));
  const left = apply(both, "a", settings(undefined));
  assert.deepEqual((left as { data?: unknown }).data, { y: "1" });
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
  const forced = apply(live, "b", settings({ x: "2" }), { force: true });
  assert.deepEqual(ownersOf(forced), { a: { "f:data": { "f:y": {} } }, b: { "f:data": { "f:x": {} } } });
});

test("a conflict with an update names its version", () => {
  const live = trackUpdate({ ...configMap, live: undefined, next: settings({ x: "1" }), manager: "tool", now });
  const error = refusal(() => apply(live, "b", settings({ x: "2" })));
  assert.equal(error.message, 'Apply failed with 1 conflict: conflict with "tool" using v1: .data.x');
});

test("list items are owned by their keys, missing ones filled from the schema's defaults", () => {
  const live = apply(undefined, "a", webOf({ ports: [{ containerPort: 80 }], args: ["x"], env: [] }));
  const port = { ".": {}, "f:containerPort": {} };
  const item = {
    ".": {},
    "f:args": {},
    "f:image": {},
    "f:name": {},
    "f:ports": { 'k:{"containerPort":80,"protocol":"TCP"}': port },
  };
  const containers = { 'k:{"name":"web"}': item };
  assert.deepEqual(ownersOf(live), { a: { "f:spec": { "f:template": { "f:spec": { "f:containers": containers } } } } });
});

test("items stand in the order that was applied last, others keep their place before the next shared one", () => {
  const env = (...names: readonly string[]) => webOf({ env: names.map((name) => ({ name, value: "1" })) });
  const namesOf = (object: KubeObject): unknown => JSON.stringify(object).match(/(?<="name":")[A-Z](?=")/g);
  const both = apply(apply(undefined, "a", env("A", "B")), "b", env("C", "B"));
  assert.deepEqual(namesOf(both), ["A", "C", "B"]);
  assert.deepEqual(namesOf(apply(both, "a", env("B", "X", "A"))), ["C", "B", "X", "A"]);
});

test("the same again moves no time, a change moves only the applier's", () => {
  const live = apply(apply(undefined, "a", settings({ x: "1" })), "b", settings({ y: "1" }));
  assert.deepEqual(apply(live, "a", settings({ x: "1" }), { now: later }), live);
  const changed = apply(live, "a", settings({ x: "2" }), { now: later });
  assert.deepEqual(
    entriesOf(changed).map(({ manager, time }) => [manager, time]),
    [
      ["b", now],
      ["a", later],
    ],
  );
});

test("who comes to share what is there already has no time and stands first", () => {
  const shared = apply(apply(undefined, "a", settings({ x: "1" })), "b", settings({ x: "1" }));
  assert.deepEqual(
    entriesOf(shared).map(({ manager, time }) => [manager, time]),
    [
      ["b", undefined],
      ["a", now],
    ],
  );
});

test("fields without an owner come to belong to before-first-apply", () => {
  const live = apply(settings({ x: "1", y: "1" }), "a", settings({ x: "1" }));
  const before = { "f:data": { ".": {}, "f:x": {}, "f:y": {} } };
  assert.deepEqual(ownersOf(live), { a: { "f:data": { "f:x": {} } }, "before-first-apply": before });
});

test("status is not owned through the object, and nothing else through status", () => {
  const conditions = [{ type: "Mine", status: "True" }];
  const live = apply(undefined, "a", webOf({}, { status: { conditions } }));
  assert.equal("f:status" in (ownersOf(live) as { a: object }).a, false);
  const next = apply(live, "b", webOf({ image: "web:2" }, { status: { conditions } }), { subresource: "status" });
  const { b } = ownersOf(next) as { b: object };
  assert.deepEqual(Object.keys(b), ["f:status"]);
});

test("kubectl moves from client-side apply without a conflict, and keeps the annotation true", () => {
  const annotation = "kubectl.kubernetes.io/last-applied-configuration";
  const lastApplied = `${JSON.stringify(settings({ x: "1" }))}\n`;
  const next = { ...settings({ x: "1" }), metadata: { name: "a", annotations: { [annotation]: lastApplied } } };
  const live = trackUpdate({ ...configMap, live: undefined, next, manager: "kubectl-client-side-apply", now });
  assert.equal(refusal(() => apply(live, "other", settings({ x: "2" }))).code, 409);
  const moved = apply(live, "kubectl", settings({ x: "2" }));
  const text = moved.metadata.annotations?.[annotation];
  assert.equal(text, '{"apiVersion":"v1","data":{"x":"2"},"kind":"ConfigMap","metadata":{"name":"a"}}\n');
});

test("bodies that cannot be applied are refused in Kubernetes' words", () => {
  const typed = "failed to create typed patch object (/web; apps/v1, Kind=Deployment):";
  const containers = ".spec.template.spec.containers";
  const table: readonly (readonly [unknown, number, string])[] = [
    [{ ...settings({}), kind: "Secret" }, 400, "invalid object type: /v1, Kind=Secret"],
    ["", 400, "invalid object type: /, Kind="],
    [{ ...settings({}), metadata: { managedFields: [] } }, 400, "metadata.managedFields must be nil"],
    [
      settings({ x: true }),
      500,
      "failed to create typed patch object (/a; /v1, Kind=ConfigMap): .data.x: expected string, got &value.valueUnstructured{Value:true}",
    ],
    [
      webOf({ env: [{ name: "X" }, { name: "X" }] }),
      500,
      `${typed} ${containers}[name="web"].env: duplicate entries for key [name="X"]`,
    ],
    [webOf({ imag: "x" }), 500, `${typed} ${containers}[name="web"].imag: field not declared in schema`],
  ];
  for (const [applied, code, message] of table) {
    const error = refusal(() => apply(undefined, "a", applied));
    assert.deepEqual([error.code, error.message], [code, message]);
  }
});
