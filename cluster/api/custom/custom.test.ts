import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError, type KubeObject } from "../../client.ts";
import { createClient } from "../client.ts";
import { furnishNamespaces } from "../namespaces.ts";
import { ApiServer } from "../server.ts";

type Loose = KubeObject & { spec?: object; status?: object };

const definitions = { group: "apiextensions.k8s.io", resource: "customresourcedefinitions" };
const widgets = { group: "example.org", resource: "widgets" };

const schema = {
  type: "object",
  required: ["spec"],
  properties: {
    spec: {
      type: "object",
      required: ["size"],
      properties: {
        size: { type: "integer", maximum: 5 },
        color: { type: "string", default: "red", enum: ["red", "blue"] },
        tags: { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "set" },
      },
    },
    status: { type: "object", properties: { phase: { type: "string" } } },
  },
};

const definition = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "widgets.example.org" },
  spec: {
    group: "example.org",
    names: { plural: "widgets", kind: "Widget" },
    scope: "Namespaced",
    versions: [
      { name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema }, subresources: { status: {} } },
    ],
  },
};

async function start(): Promise<ReturnType<typeof createClient>> {
  const server = new ApiServer();
  furnishNamespaces(server, "PEM");
  const client = createClient(server, "test");
  await client.create(definitions, definition);
  return client;
}

function widget(spec: object | undefined): Loose {
  const metadata = { name: "a", namespace: "default" };
  return { apiVersion: "example.org/v1", kind: "Widget", metadata, ...(spec ? { spec } : {}) };
}

test("a definition is accepted, and its objects are defaulted, pruned and have a status of their own", async () => {
  const client = await start();
  const accepted = client.get<Loose>(definitions, "", "widgets.example.org");
  assert.ok(accepted);
  const { conditions } = accepted.status as { conditions: readonly { type: string; status: string }[] };
  assert.deepEqual(
    conditions.map(({ type, status }) => [type, status]),
    [
      ["NamesAccepted", "True"],
      ["Established", "True"],
    ],
  );
  const made = await client.create<Loose>(widgets, { ...widget({ size: 1, foo: "x" }), status: { phase: "X" } });
  assert.deepEqual([made.spec, made.status, made.metadata.generation], [{ size: 1, color: "red" }, undefined, 1]);
  const ready = await client.updateStatus<Loose>(widgets, { ...made, status: { phase: "Ready" } });
  assert.deepEqual([ready.status, ready.metadata.generation], [{ phase: "Ready" }, 1]);
  const grown = await client.mergePatch<Loose>(widgets, "default", "a", { spec: { size: 2 } });
  assert.equal(grown.metadata.generation, 2);
});

test("objects that do not fit the schema are refused with their causes", async () => {
  const client = await start();
  const cases: readonly (readonly [object | undefined, string])[] = [
    [undefined, "spec: Required value"],
    [{}, "spec.size: Required value"],
    [{ size: 9 }, "spec.size: Invalid value: 9: spec.size in body should be less than or equal to 5"],
    [{ size: "2" }, 'spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"'],
    [{ size: 1, color: "green" }, 'spec.color: Unsupported value: "green": supported values: "red", "blue"'],
    [{ size: 1, tags: ["a", "a"] }, 'spec.tags[1]: Duplicate value: "a"'],
  ];
  for (const [spec, cause] of cases) {
    const message = `Widget.example.org "a" is invalid: ${cause}`;
    const fits = (error: unknown): boolean =>
      error instanceof ApiError && error.code === 422 && error.message === message;
    await assert.rejects(client.create(widgets, widget(spec)), fits, cause);
  }
});

test("a definition goes with its objects, and its kind is no longer served", async () => {
  const client = await start();
  const made = await client.create(widgets, widget({ size: 1 }));
  await client.mergePatch(widgets, "default", "a", { metadata: { finalizers: ["example.org/hold"] } });
  await client.delete(definitions, "", "widgets.example.org");
  assert.ok(client.get(definitions, "", "widgets.example.org")?.metadata.deletionTimestamp, "it waits for its objects");
  await client.mergePatch(widgets, "default", made.metadata.name ?? "", { metadata: { finalizers: null } });
  assert.equal(client.get(definitions, "", "widgets.example.org"), undefined);
  assert.throws(() => client.list(widgets), /could not find the requested resource/);
});

test("rules in CEL are asked when all else is right, those about the past only of changes", async () => {
  const rules = [
    { rule: "self.color != 'blue' || self.size < 3", message: "blue ones are small" },
    { rule: "self.size >= oldSelf.size", messageExpression: "'not below ' + string(oldSelf.size)", fieldPath: ".size" },
  ];
  const ruled = structuredClone(definition);
  const [version] = ruled.spec.versions;
  assert.ok(version);
  Object.assign(version.schema.openAPIV3Schema.properties.spec, { "x-kubernetes-validations": rules });
  const server = new ApiServer();
  furnishNamespaces(server, "PEM");
  const client = createClient(server, "test");
  await client.create(definitions, ruled);
  const refusal = (message: string) => (error: unknown) => error instanceof ApiError && error.message.includes(message);
  const blue = widget({ size: 4, color: "blue" });
  await assert.rejects(client.create(widgets, blue), refusal('spec: Invalid value: "object": blue ones are small'));
  const made = await client.create(widgets, widget({ size: 2, color: "blue" }));
  const smaller = { ...made, spec: { size: 1 } };
  await assert.rejects(client.update(widgets, smaller), refusal('spec.size: Invalid value: "object": not below 2'));
  await client.update(widgets, { ...made, spec: { size: 3 } });
});
