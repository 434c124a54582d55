import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Json, JsonObject } from "../model/json.ts";
import { isJsonObject, jsonEqual } from "../model/json.ts";
import type { InventoryEntry } from "../model/inventory.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { managedFieldsOf, refOf } from "../model/kube-object.ts";
import type { Manifest } from "../model/manifest.ts";
import { refKey } from "../model/object-ref.ts";
import type { ObjectRef } from "../model/object-ref.ts";
import { stages } from "../model/plan.ts";
import { asApplied } from "./as-applied.ts";
import { driftOf } from "./drift.ts";
import { withProofs } from "./equivalence.ts";
import { planChanges } from "./plan-changes.ts";

const owner = { "plumbline.dev/application": "staging.shop" };
const empty = { application: "staging/shop", entries: [] };

function manifest(apiVersion: string, kind: string, name: string, rest: JsonObject = {}): Manifest {
  const { metadata, ...fields } = rest;
  const namespace = kind === "Namespace" ? {} : { namespace: "shop" };
  const meta = { name, ...namespace, labels: owner, ...(isJsonObject(metadata) ? metadata : {}) };
  const object: KubeObject = { apiVersion, kind, metadata: meta, ...fields };
  return { ref: refOf(object), object, where: { file: "staging/shop/all.yaml", line: 1 } };
}

/** What the API server would answer after Plumbline applied the object to an empty cluster. */
function applied(object: KubeObject, managers: readonly Json[] = []): KubeObject {
  const { metadata, ...rest } = asApplied(object);
  const managedFields = [...(managedFieldsOf(asApplied(object)) as readonly Json[]), ...managers];
  const server = { uid: `uid-${metadata.name}`, resourceVersion: "7", managedFields };
  return { ...rest, metadata: { ...metadata, ...server }, status: { observedGeneration: 1 } };
}

function lookup(objects: readonly KubeObject[]): (ref: ObjectRef) => KubeObject | undefined {
  const byKey = new Map(objects.map((object) => [refKey(refOf(object)), object]));
  return (ref) => byKey.get(refKey(ref));
}

/** The live object with one field changed by another manager: the server takes ownership away from us. */
function changedBy(manager: string, live: KubeObject, field: "replicas" | "paused", value: Json): KubeObject {
  const spec = live["spec"] as JsonObject;
  const [ours] = live.metadata["managedFields"] as readonly JsonObject[];
  const fieldsV1 = ours?.["fieldsV1"] as JsonObject;
  const { [`f:${field}`]: _gone, ...specFields } = fieldsV1["f:spec"] as JsonObject;
  const left = { ...ours, fieldsV1: { ...fieldsV1, "f:spec": specFields } };
  const theirs = {
    manager,
    operation: "Update",
    time: "2026-01-01T00:00:00Z",
    fieldsV1: { "f:spec": { [`f:${field}`]: {} } },
  };
  return { ...live, spec: { ...spec, [field]: value }, metadata: { ...live.metadata, managedFields: [left, theirs] } };
}

const container = { name: "web", image: "web:1", ports: [{ name: "http", containerPort: 80 }] };
const deployment = manifest("apps/v1", "Deployment", "web", {
  spec: { replicas: 2, template: { spec: { containers: [container] } } },
});
const why = (desired: Manifest, live: KubeObject) => planChanges([desired], lookup([live]), empty).apply[0]?.why;

test("what does not exist is created, what was never applied is configured", () => {
  const create = planChanges([deployment], lookup([]), empty);
  assert.deepEqual(
    create.apply.map((step) => [step.action, step.stage]),
    [["create", "workloads"]],
  );
  const bare = { ...deployment.object, metadata: { ...deployment.object.metadata, uid: "1" } };
  assert.equal(why(deployment, bare), "Plumbline has not applied it yet");
});

test("fields that Git does not declare stay with their owner", () => {
  const { spec, ...rest } = applied(deployment.object);
  const live = { ...rest, spec: { ...(spec as JsonObject), revisionHistoryLimit: 10 } } as KubeObject;
  assert.deepEqual(planChanges([deployment], lookup([live]), empty).apply, []);
});

test("why names the field, both values and who changed it", () => {
  const live = changedBy("kubectl-scale", applied(deployment.object), "replicas", 5);
  assert.equal(why(deployment, live), "spec.replicas is 5, Git says 2 (changed by kubectl-scale)");
  assert.deepEqual(driftOf(deployment, live), [{ manager: "kubectl-scale", fields: ["spec.replicas"] }]);
  assert.deepEqual(driftOf(deployment, applied(deployment.object)), []);
});

test("a field owned away is taken back though its value is the same", () => {
  const live = changedBy("other", applied(deployment.object), "replicas", 2);
  assert.equal(why(deployment, live), "spec.replicas is owned by other");
});

test("a changed image, a new field, a field that is gone from Git", () => {
  const next = manifest("apps/v1", "Deployment", "web", {
    spec: { template: { spec: { containers: [{ ...container, image: "web:2", command: ["run"] }] } } },
  });
  assert.equal(
    why(next, applied(deployment.object)),
    "spec.template.spec.containers[web].image is web:1, Git says web:2; " +
      "spec.template.spec.containers[web].command is new; spec.replicas is not in Git any more",
  );
});

test("items of keyed lists are found by their keys, also where the server filled a key in", () => {
  const service = manifest("v1", "Service", "web", { spec: { ports: [{ port: 53 }, { port: 53, protocol: "UDP" }] } });
  const key = (protocol: string) => `k:${JSON.stringify({ port: 53, protocol })}`;
  const fieldsV1 = {
    "f:metadata": { "f:labels": { "f:plumbline.dev/application": {} } },
    "f:spec": {
      "f:ports": {
        [key("TCP")]: { ".": {}, "f:port": {} },
        [key("UDP")]: { ".": {}, "f:port": {}, "f:protocol": {} },
      },
    },
  };
  const entry = { manager: "plumbline", operation: "Apply", apiVersion: "v1", fieldsV1 };
  const live = (ports: Json): KubeObject => ({
    ...service.object,
    metadata: { ...service.object.metadata, managedFields: [entry] },
    spec: { ports },
  });
  const tcp = { port: 53, protocol: "TCP", targetPort: 53 };
  const udp = { port: 53, protocol: "UDP", targetPort: 53 };
  assert.equal(why(service, live([tcp, udp])), undefined);
  assert.equal(why(service, live([udp, tcp])), "spec.ports is in another order than in Git");
  assert.match(why(service, live([tcp])) ?? "", /^spec\.ports\[port=53,protocol=UDP\] is missing/);
});

test("what is empty in Git and left out by the server is no difference", () => {
  const desired = manifest("v1", "ConfigMap", "c", { metadata: { annotations: {} }, data: {}, binaryData: null });
  const { data: _left, binaryData: _out, ...live } = applied(desired.object);
  assert.equal(why(desired, live as KubeObject), undefined);
  const filled = { ...live, data: { k: "v" } } as KubeObject;
  assert.equal(why(desired, filled), "data differs from Git");
});

test("a Secret's values are never named", () => {
  const secret = (password: string) => manifest("v1", "Secret", "login", { data: { password } });
  const text = why(secret("b2xkIHNlY3JldA=="), applied(secret("bmV3IHNlY3JldA==").object)) ?? "";
  assert.equal(text, "data.password differs from Git");
});

test("what a dry run proved equal is not asked again until either side changes", () => {
  const desired = manifest("v1", "ConfigMap", "c", { data: { cpu: "1000m" } });
  const live = { ...applied(desired.object), data: { cpu: "1" } } as KubeObject;
  const plan = planChanges([desired], lookup([live]), empty);
  assert.equal(plan.apply.length, 1);
  const proved = withProofs(new Map(), plan, { objects: [], equal: [desired.ref] });
  assert.deepEqual(planChanges([desired], lookup([live]), empty, proved).unchanged, [desired.ref]);
  const touched = {
    ...live,
    metadata: { ...live.metadata, resourceVersion: "8", annotations: { written: "by a controller" } },
    status: { phase: "x" },
  } as KubeObject;
  assert.deepEqual(planChanges([desired], lookup([touched]), empty, proved).apply, []);
  const answered = withProofs(new Map(), plan, { objects: [touched], equal: [] });
  assert.deepEqual(
    planChanges([desired], lookup([live]), empty, answered).apply,
    [],
    "an apply's answer proves it too",
  );
  const changed = { ...live, data: { cpu: "2" } } as KubeObject;
  assert.equal(planChanges([desired], lookup([changed]), empty, proved).apply.length, 1);
});

test("prune takes only what is ours, is that object, and is not annotated to stay", () => {
  const object = (name: string, meta: JsonObject = {}) =>
    applied(manifest("v1", "ConfigMap", name, { metadata: meta }).object);
  const live = [
    object("gone"),
    object("stays", { annotations: { "plumbline.dev/prune": "false" } }),
    object("foreign", { labels: { "plumbline.dev/application": "staging.other" } }),
    object("reborn"),
    object("ending", { deletionTimestamp: "2026-01-01T00:00:00Z" }),
    applied(manifest("apps/v1", "Deployment", "gone").object),
  ];
  const entries = live.map((each) => ({
    ...refOf(each),
    apiVersion: each.apiVersion,
    uid: each.metadata.name === "reborn" ? "another" : `uid-${each.metadata.name}`,
  }));
  const inventory = {
    application: "staging/shop",
    entries: [...entries, { ...refOf(object("never")), apiVersion: "v1" }],
  };
  const plan = planChanges([deployment], lookup(live), inventory);
  assert.deepEqual(
    plan.prune.map((step) => refKey(step.entry)),
    ["apps/Deployment/shop/gone", "/ConfigMap/shop/gone"],
  );
  assert.equal(plan.union.entries.length, 8);
  assert.deepEqual(plan.exact.entries.map(refKey), ["apps/Deployment/shop/web"]);
});

test("what was there before is known by its own word or the inventory's, declared with it, and told when it is pruned", () => {
  const mark = { "plumbline.dev/adopted": "true" };
  const desired = manifest("v1", "ConfigMap", "c");
  const own = applied(desired.object);
  const marked = applied(manifest("v1", "ConfigMap", "c", { metadata: { annotations: mark } }).object);
  const entry = { ...desired.ref, apiVersion: "v1", uid: "uid-c" };
  const adoptedEntry = { ...entry, adopted: true } as const;
  const planOf = (wanted: readonly Manifest[], live: KubeObject, known: InventoryEntry) =>
    planChanges(wanted, lookup([live]), { ...empty, entries: [known] });
  assert.deepEqual(planOf([desired], marked, entry).apply, [], "the note is declared, and stays");
  assert.deepEqual(planOf([desired], marked, entry).exact.entries, [adoptedEntry]);
  assert.equal(planOf([desired], own, entry).apply.length, 0);
  assert.deepEqual(planOf([desired], own, entry).exact.entries, [entry]);
  const again = planOf([desired], own, adoptedEntry).apply[0];
  assert.deepEqual(again?.manifest.object.metadata.annotations, mark, "who takes the note away finds it written again");
  const another = { ...adoptedEntry, uid: "of the one before" };
  assert.equal(planOf([desired], own, another).apply.length, 0, "what was made anew was there before in no way");
  const adopted = (live: KubeObject, known: InventoryEntry) =>
    planOf([], live, known).prune.map((step) => step.adopted);
  assert.deepEqual(adopted(own, entry), [undefined]);
  assert.deepEqual(adopted(marked, entry), [true]);
  assert.deepEqual(adopted(own, adoptedEntry), [true]);
});

test("stages and waves order an apply", () => {
  const wave = (name: string, at: string) =>
    manifest("v1", "ConfigMap", name, { metadata: { annotations: { "plumbline.dev/wave": at } } });
  const desired = [
    manifest("networking.k8s.io/v1", "Ingress", "i"),
    deployment,
    manifest("v1", "Service", "s"),
    wave("a", "1"),
    wave("b", "-1"),
    manifest("v1", "ServiceAccount", "sa"),
    manifest("apiextensions.k8s.io/v1", "CustomResourceDefinition", "crd"),
    manifest("v1", "Namespace", "shop"),
  ];
  assert.deepEqual(
    planChanges(desired, lookup([]), empty).apply.map((step) => step.manifest.ref.name),
    ["shop", "crd", "b", "sa", "a", "s", "web", "i"],
  );
});

const json: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.array(fc.integer(), { maxLength: 3 }),
    fc
      .uniqueArray(fc.tuple(fc.stringMatching(/^[a-z]{1,3}$/), tie("value")), {
        maxLength: 3,
        selector: ([name]) => name,
      })
      .map((items) => items.map(([name, value]) => ({ name, value }))),
    fc.dictionary(fc.stringMatching(/^[a-z]{1,4}$/), tie("value"), { maxKeys: 4 }),
  ),
})).value;
const kinds = [
  "v1 ConfigMap",
  "v1 Service",
  "apps/v1 Deployment",
  "v1 Secret",
  "example.org/v1 Widget",
  "v1 Namespace",
];
const manifests = fc.uniqueArray(
  fc
    .tuple(
      fc.constantFrom(...kinds),
      fc.stringMatching(/^[a-z]{1,3}$/),
      fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), json),
    )
    .map(([kind, name, spec]) => manifest(kind.split(" ")[0]!, kind.split(" ")[1]!, name, { spec })),
  { maxLength: 8, selector: (each) => refKey(each.ref) },
);

test("the plan of the applied state is empty", () => {
  fc.assert(
    fc.property(manifests, (desired) => {
      const plan = planChanges(desired, lookup(desired.map((each) => applied(each.object))), empty);
      assert.deepEqual(plan.apply, []);
      assert.equal(plan.unchanged.length, desired.length);
    }),
  );
});

test("any difference between two declarations of an object is seen", () => {
  fc.assert(
    fc.property(json, json, (before, after) => {
      const [old, next] = [before, after].map((value) => manifest("v1", "ConfigMap", "c", { spec: { value } }));
      const same = jsonEqual(before, after);
      if (!same) assert.notEqual(why(next!, applied(old!.object)), undefined);
    }),
    {
      examples: [
        [{ a: 1, b: 2 }, { a: 1 }],
        [[], {}],
      ],
    },
  );
});

test("the same input in any order gives the same plan, in the order of the stages", () => {
  fc.assert(
    fc.property(manifests, manifests, fc.infiniteStream(fc.nat()), (desired, existing, dice) => {
      const live = existing.map((each) => applied(each.object));
      const entries = existing.map((each) => ({ ...each.ref, apiVersion: each.object.apiVersion }));
      const shuffle = <T>(list: readonly T[]) =>
        list
          .map((item) => [dice.next().value, item] as const)
          .sort(([a], [b]) => a - b)
          .map(([, item]) => item);
      const plan = planChanges(desired, lookup(live), { ...empty, entries });
      assert.deepEqual(
        planChanges(shuffle(desired), lookup(shuffle(live)), { ...empty, entries: shuffle(entries) }),
        plan,
      );
      const order = plan.apply.map((step) => stages.indexOf(step.stage));
      assert.deepEqual(
        order,
        order.toSorted((a, b) => a - b),
      );
    }),
  );
});
