import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { KubeObject } from "../../client.ts";
import type { JsonMap } from "../json.ts";
import { schemaOf } from "../schema.ts";
import { difference, type FieldSet, fromFieldsV1, intersection, setOf, toFieldsV1, union } from "./field-set.ts";
import { serverSideApply } from "./index.ts";
import { withoutManaged } from "./managed-fields.ts";
import { fieldElement, keyElement, valueElement } from "./path-element.ts";

const now = "2026-01-01T00:00:00Z";
const kind = { apiVersion: "apps/v1", kind: "Deployment", schema: schemaOf("apps", "v1", "Deployment") };

function apply(live: KubeObject | undefined, manager: string, applied: JsonMap): KubeObject {
  return serverSideApply({ ...kind, live, manager, applied, now });
}

function equalSets(a: FieldSet, b: FieldSet): boolean {
  return JSON.stringify(toFieldsV1(a)) === JSON.stringify(toFieldsV1(b));
}

/** Without what reading an object back from its typed form drops: nulls, and empty maps and lists that nothing is in. */
function settled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(settled);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value)
    .map(([key, item]) => [key, settled(item)] as const)
    .filter(([, item]) => item !== null && !(typeof item === "object" && Object.keys(item).length === 0));
  return Object.fromEntries(entries);
}

const word = fc.constantFrom("a", "b", "c", "d");
const labels = fc.dictionary(word, word, { maxKeys: 3 });
const env = fc.uniqueArray(fc.record({ name: word, value: word }), { selector: ({ name }) => name, maxLength: 3 });
const port = fc.record(
  { containerPort: fc.integer({ min: 1, max: 4 }), protocol: fc.constantFrom("TCP", "UDP"), name: word },
  { requiredKeys: ["containerPort"] },
);
const ports = fc.uniqueArray(port, {
  selector: ({ containerPort, protocol }) => `${containerPort}/${protocol ?? "TCP"}`,
  maxLength: 3,
});
const container = fc.record({ name: word, image: word, env, ports, args: fc.array(word) }, { requiredKeys: ["name"] });
const containers = fc.uniqueArray(container, { selector: ({ name }) => name, maxLength: 3 });
const deployment = fc
  .record({ labels, replicas: fc.integer({ min: 0, max: 3 }), containers, nodeSelector: labels }, { requiredKeys: [] })
  .map(({ labels: given, replicas, ...pod }): JsonMap => {
    const spec = { ...(replicas !== undefined && { replicas }), template: { spec: pod as JsonMap } };
    const metadata = { name: "web", ...(given !== undefined && { labels: given }) };
    return { apiVersion: kind.apiVersion, kind: kind.kind, metadata, spec };
  });

const element = fc.oneof(
  word.map(fieldElement),
  word.map(valueElement),
  fc.tuple(word, fc.integer()).map(([name, port]) => keyElement({ name, port })),
);
const fieldSet = fc
  .array(fc.array(element, { minLength: 1, maxLength: 4 }), { maxLength: 8 })
  .map((paths): FieldSet => setOf(paths));

test("applying the same again changes nothing", () => {
  fc.assert(
    fc.property(deployment, deployment, (first, second) => {
      const live = apply(apply(undefined, "a", first), "a", second);
      // Who owns nothing is not known the next time: the test below.
      fc.pre(live.metadata.managedFields !== undefined);
      const again = apply(live, "a", second);
      assert.deepEqual(settled(withoutManaged(again)), settled(withoutManaged(live)));
      assert.deepEqual(again.metadata.managedFields, live.metadata.managedFields);
    }),
  );
});

test("an applier of nothing but an empty keyed list owns nothing, so the next apply meets an object without owners", () => {
  const { apiVersion, kind: name } = kind;
  const empty = { apiVersion, kind: name, metadata: { name: "web" }, spec: { template: { spec: { containers: [] } } } };
  const live = apply(undefined, "a", empty);
  assert.equal(live.metadata.managedFields, undefined);
  const [entry, ...others] = apply(live, "a", empty).metadata.managedFields ?? [];
  assert.equal(entry?.manager, "before-first-apply");
  assert.deepEqual(others, []);
});

test("applying nothing takes out just what was applied", () => {
  fc.assert(
    fc.property(deployment, (applied) => {
      const { apiVersion, kind: name } = kind;
      const empty = { apiVersion, kind: name, metadata: { name: "web" } };
      const zero = apply(undefined, "a", empty);
      const left = apply(apply(undefined, "a", applied), "a", empty);
      assert.deepEqual(settled(withoutManaged(left)), settled(withoutManaged(zero)));
    }),
  );
});

test("what another applier has stays when the first lets all of it go", () => {
  fc.assert(
    fc.property(deployment, (applied) => {
      const { apiVersion, kind: name } = kind;
      const shared = apply(apply(undefined, "a", applied), "b", applied);
      const left = apply(shared, "a", { apiVersion, kind: name, metadata: { name: "web" } });
      assert.deepEqual(settled(withoutManaged(left)), settled(withoutManaged(shared)));
    }),
  );
});

test("appliers of other fields never conflict, and each can leave without the other noticing", () => {
  const keysOf = (prefix: string) =>
    fc.dictionary(
      word.map((text) => prefix + text),
      word,
      { minKeys: 1 },
    );
  const settings = (data: JsonMap | undefined): JsonMap => {
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c" } };
    return data === undefined ? object : { ...object, data };
  };
  const request = { apiVersion: "v1", kind: "ConfigMap", schema: schemaOf("", "v1", "ConfigMap"), now };
  fc.assert(
    fc.property(keysOf("x"), keysOf("y"), (x, y) => {
      const one = serverSideApply({ ...request, live: undefined, manager: "a", applied: settings(x) });
      const both = serverSideApply({ ...request, live: one, manager: "b", applied: settings(y) });
      assert.deepEqual(both["data"], { ...x, ...y });
      const left = serverSideApply({ ...request, live: both, manager: "a", applied: settings(undefined) });
      assert.deepEqual(left["data"], { ...y });
    }),
  );
});

test("sets survive fieldsV1 and obey the laws of sets", () => {
  fc.assert(
    fc.property(fieldSet, fieldSet, (a, b) => {
      const text = JSON.parse(JSON.stringify(toFieldsV1(a))) as JsonMap;
      assert.ok(equalSets(fromFieldsV1(text), a));
      assert.ok(equalSets(union(difference(a, b), intersection(a, b)), a));
      assert.ok(equalSets(difference(union(a, b), b), difference(a, b)));
    }),
  );
});
