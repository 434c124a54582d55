import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Json, JsonObject } from "../model/json.ts";
import { managedFieldsOf } from "../model/kube-object.ts";
import type { KubeObject } from "../model/kube-object.ts";
import type { FieldChange } from "../model/plan-document.ts";
import { asApplied } from "./as-applied.ts";
import { fieldChanges } from "./field-changes.ts";
import { explain } from "./why.ts";
import { differences } from "./differences.ts";

function deployment(container: JsonObject): KubeObject {
  const spec = {
    replicas: 2,
    template: { spec: { containers: [{ name: "auth-proxy", image: "app:1", ...container }] } },
  };
  return { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web", namespace: "shop" }, spec };
}

function changes(before: KubeObject, after: KubeObject): readonly string[] {
  const said = fieldChanges({ object: after }, asApplied(before)) ?? [];
  return said.map(({ field, from, to, note }: FieldChange) => `${field}: ${note ?? `${from} → ${to}`}`);
}

const at = "spec.template.spec.containers[auth-proxy]";

test("two versions of an object are compared field by field, items of lists by what tells them apart", () => {
  const before = deployment({
    env: [
      { name: "LOG", value: "info" },
      { name: "GONE", value: "1" },
    ],
    ports: [{ containerPort: 80 }, { containerPort: 81 }],
    volumeMounts: [
      { name: "data", mountPath: "/a" },
      { name: "data", mountPath: "/b", readOnly: true },
    ],
    args: ["--one", "--two"],
  });
  const after = deployment({
    image: "app:2",
    env: [
      { name: "LOG", value: "debug" },
      { name: "NEW", value: "2" },
    ],
    ports: [{ containerPort: 80 }, { containerPort: 81, protocol: "UDP" }],
    volumeMounts: [
      { name: "data", mountPath: "/a" },
      { name: "data", mountPath: "/b", readOnly: false },
    ],
    args: ["--one", "--three"],
  });
  assert.deepEqual(changes(before, after), [
    `${at}.image: app:1 → app:2`,
    `${at}.env[LOG].value: info → debug`,
    `${at}.env[NEW]: undefined → {"name":"NEW","value":"2"}`,
    `${at}.env[GONE]: goes`,
    `${at}.ports[containerPort=81].protocol: undefined → UDP`,
    `${at}.volumeMounts[mountPath=/b].readOnly: true → false`,
    `${at}.args: ["--one","--two"] → ["--one","--three"]`,
  ]);
});

test("texts of several lines are told by what changes of them", () => {
  const config = (text: string): KubeObject => {
    return { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c" }, data: { "app.conf": text } };
  };
  assert.deepEqual(changes(config("a\nb\nc\n"), config("a\nx\nc\nd\n")), [
    'data["app.conf"]: text changed, lines: -1 +2',
  ]);
});

test("a text of several lines that takes the place of one line or of none is told by how many it has", () => {
  const config = (text: string | number): KubeObject => {
    return { apiVersion: "e/v1", kind: "Widget", metadata: { name: "w" }, spec: { text } };
  };
  assert.deepEqual(changes(config(1), config("a\nb\n")), ["spec.text: 1 → (2 lines)"]);
  assert.deepEqual(changes(config("one"), config("two")), ["spec.text: one → two"]);
  const long = "x".repeat(200);
  assert.deepEqual(changes(config("one"), config(long)), [`spec.text: one → ${long}`]);
  assert.deepEqual(changes(config("one"), config(`${long}x`)), [`spec.text: one → ${"x".repeat(199)}…`]);
});

test("who else owns a field is told beside it, where somebody does", () => {
  const live = asApplied(deployment({}));
  const theirs = { manager: "kubectl", operation: "Update", fieldsV1: { "f:spec": { "f:replicas": {} } } };
  const managedFields = [...managedFieldsOf(live), theirs] as Json;
  const other = {
    ...live,
    metadata: { ...live.metadata, managedFields },
    spec: { ...(live["spec"] as JsonObject), replicas: 5 },
  };
  const [replicas, image] = fieldChanges({ object: deployment({ image: "app:2" }) }, other) ?? [];
  assert.deepEqual(replicas, { field: "spec.replicas", by: "kubectl", from: "5", to: "2" });
  assert.deepEqual(image, { field: `${at}.image`, from: "app:1", to: "app:2" });
});

test("what the API server would leave as it is, written in its own way, is no change beside those that are (V5)", () => {
  const asServed = (cpu: string, image: string): KubeObject => {
    return asApplied(deployment({ image, resources: { limits: { cpu } } }));
  };
  const desired = { object: deployment({ image: "app:2", resources: { limits: { cpu: "1000m" } } }) };
  const image = { field: `${at}.image`, from: "app:1", to: "app:2" };
  const told = fieldChanges(desired, asServed("1", "app:1"), asServed("1", "app:2"));
  assert.deepEqual(told, [image]);
  const changed = fieldChanges(desired, asServed("2", "app:1"), asServed("1", "app:2"));
  assert.deepEqual(changed, [image, { field: `${at}.resources.limits.cpu`, from: "2", to: "1000m" }]);
});

test("what is secret is changed, and its value is nowhere (G4)", () => {
  const secrets = (value: string): readonly KubeObject[] => [
    { apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, data: { a: value }, stringData: { b: value } },
    deployment({ env: [{ name: "DB_PASSWORD", value }] }),
    deployment({ env: [{ name: "DATABASE", value: `postgres://user:${value}@db/shop` }] }),
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c" }, data: { "api-key": value, "auth.token": value } },
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "c", annotations: { "kubectl.kubernetes.io/last-applied-configuration": value } },
    },
    {
      apiVersion: "e/v1",
      kind: "Database",
      metadata: { name: "d" },
      spec: { credentials: { user: "u", password: value } },
    },
    { apiVersion: "e/v1", kind: "Database", metadata: { name: "d" }, spec: { list: [{ password: value }] } },
    {
      apiVersion: "e/v1",
      kind: "Database",
      metadata: { name: "d" },
      spec: { list: [{ name: "MY_TOKEN", value }, {}] },
    },
  ];
  const [before, after] = [secrets("hunter2"), secrets("swordfish")];
  for (const [index, object] of after.entries()) {
    const live = asApplied(before[index] ?? object);
    const said = JSON.stringify(fieldChanges({ object }, live));
    const sentence = explain(differences({ object }, live) ?? [], live);
    assert.notEqual(said, "[]", "the change is told");
    assert.doesNotMatch(said + sentence, /hunter2|swordfish/, said + sentence);
  }
  const added = fieldChanges(
    { object: deployment({ env: [{ name: "DB_PASSWORD", value: "swordfish" }] }) },
    asApplied(deployment({ image: "app:0" })),
  );
  assert.doesNotMatch(JSON.stringify(added), /swordfish/);
});

test("a container that is called like a secret hides nothing", () => {
  assert.deepEqual(changes(deployment({}), deployment({ image: "app:2" })), [`${at}.image: app:1 → app:2`]);
});

test("an object is as it was applied, whatever is in it", () => {
  const json = fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom("name", "port", "a", "b"), tie("value")),
    ),
  })).value;
  fc.assert(
    fc.property(json, (spec) => {
      const object: KubeObject = { apiVersion: "e/v1", kind: "Any", metadata: { name: "x", labels: { a: "b" } }, spec };
      assert.deepEqual(fieldChanges({ object }, asApplied(object)), []);
    }),
  );
});
