import assert from "node:assert/strict";
import { test } from "node:test";
import { parseField } from "../model/ignore-rule.ts";
import type { JsonObject } from "../model/json.ts";
import { valueAt } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { refOf } from "../model/kube-object.ts";
import type { Manifest } from "../model/manifest.ts";
import { driftOf } from "./drift.ts";
import { planChanges } from "./plan-changes.ts";

const web = { name: "web", image: "web:1", ports: [{ containerPort: 53, protocol: "UDP" }, { containerPort: 80 }] };
const other = { name: "other", image: "other:1" };
const deployment: KubeObject = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "d", namespace: "shop", annotations: { note: "Git's" }, finalizers: ["a/b", "c/d"] },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: "d", tier: "t" } },
    template: { spec: { containers: [web, other] } },
  },
};
/** As the API server notes it: the selector is kept as a whole, finalizers are a set, containers and ports have keys. */
const owned: JsonObject = {
  "f:metadata": { "f:annotations": { "f:note": {} }, "f:finalizers": { 'v:"a/b"': {}, 'v:"c/d"': {} } },
  "f:spec": {
    "f:replicas": {},
    "f:selector": {},
    "f:template": {
      "f:spec": {
        "f:containers": {
          'k:{"name":"web"}': {
            ".": {},
            "f:name": {},
            "f:image": {},
            "f:ports": {
              'k:{"containerPort":53,"protocol":"UDP"}': { ".": {}, "f:containerPort": {}, "f:protocol": {} },
              'k:{"containerPort":80,"protocol":"TCP"}': { ".": {}, "f:containerPort": {} },
            },
          },
          'k:{"name":"other"}': { ".": {}, "f:name": {}, "f:image": {} },
        },
      },
    },
  },
};
const served = { ...web, ports: [web.ports[0]!, { containerPort: 80, protocol: "TCP" }] };

function live(spec: JsonObject = {}, fieldsV1: JsonObject = owned): KubeObject {
  const entry = { manager: "plumbline", operation: "Apply", apiVersion: "apps/v1", fieldsV1 };
  const template = { spec: { containers: [served, other] } };
  return {
    ...deployment,
    metadata: { ...deployment.metadata, uid: "1", managedFields: [entry] },
    spec: { ...(deployment["spec"] as JsonObject), template, ...spec },
  };
}

function manifest(...fields: readonly string[]): Manifest {
  const ignored = fields.map((text) => ({ steps: parseField(text) ?? assert.fail(text) }));
  return { ref: refOf(deployment), object: deployment, where: { file: "d.yaml" }, ignored };
}

function plan(desired: Manifest, is: KubeObject | undefined) {
  return planChanges([desired], () => is, { application: "staging/shop", entries: [] });
}

/** What is handed over for these fields, without what names the object. */
function given(...fields: readonly string[]) {
  const [step] = plan(manifest(...fields), live()).leave;
  if (!step) return undefined;
  const { apiVersion, kind, metadata, ...rest } = step.given;
  assert.deepEqual([apiVersion, kind, metadata.name, metadata.namespace], ["apps/v1", "Deployment", "d", "shop"]);
  const { name: _, namespace: __, ...more } = metadata;
  return { ...rest, ...(Object.keys(more).length === 0 ? {} : { metadata: more }) };
}

/** What is declared once these fields are left to others. */
function declared(...fields: readonly string[]) {
  const [step] = plan(manifest(...fields), live()).leave;
  return step?.manifest.object ?? assert.fail("something is left");
}

test("all of it is declared when the object is created", () => {
  const created = plan(manifest("/spec/replicas"), undefined);
  assert.deepEqual(created.apply[0]?.manifest.object, deployment);
  assert.deepEqual(created.leave, []);
});

test("a field that is left to others is neither declared nor a difference, whatever its value", () => {
  const desired = manifest("/spec/replicas");
  assert.deepEqual(plan(desired, live()).apply, []);
  assert.deepEqual(plan(desired, live({ replicas: 7 })).apply, []);
  assert.deepEqual(driftOf(plan(desired, live()).leave[0]!.manifest, live({ replicas: 7 })), []);
  assert.equal((declared("/spec/replicas")["spec"] as JsonObject)["replicas"], undefined);
});

test("what else changed is still undone, without the field that is left", () => {
  const [step] = plan(manifest("/spec/replicas"), live({ replicas: 7, paused: true, template: {} })).apply;
  assert.match(step?.why ?? "", /^spec\.template\.spec\.containers\[web\] is missing/);
  assert.equal(valueAt(step?.manifest.object, "spec", "replicas"), undefined);
});

test("Plumbline lets go only of what it owns, and hands over the value that is live", () => {
  assert.deepEqual(given("/spec/replicas"), { spec: { replicas: 2 } });
  const [step] = plan(manifest("/spec/replicas"), live({ replicas: 7 })).leave;
  assert.deepEqual(step?.given["spec"], { replicas: 7 });
  const { "f:replicas": _, ...left } = owned["f:spec"] as JsonObject;
  assert.deepEqual(plan(manifest("/spec/replicas"), live({}, { ...owned, "f:spec": left })).leave, []);
  assert.deepEqual(plan(manifest("/spec/paused"), live()).leave, []);
  assert.deepEqual(plan(manifest(), live()).leave, []);
});

test("items of lists are found by their names and keys, also where the server filled a key in", () => {
  const image = { spec: { template: { spec: { containers: [{ name: "other", image: "other:1" }] } } } };
  assert.deepEqual(given("spec.template.spec.containers[other].image"), image);
  const both = {
    spec: {
      template: { spec: { containers: [{ name: "web", image: "web:1" }, ...image.spec.template.spec.containers] } },
    },
  };
  assert.deepEqual(given("spec.template.spec.containers[*].image"), both);
  assert.deepEqual(given('spec.template.spec.containers[name=other]["image"]'), image);
  const port = { name: "web", ports: [{ containerPort: 53, protocol: "UDP" }] };
  const ports = "spec.template.spec.containers[web].ports[containerPort=53,protocol=UDP]";
  assert.deepEqual(given(ports), { spec: { template: { spec: { containers: [port] } } } });
  const { containers } = (declared(ports)["spec"] as { template: { spec: { containers: JsonObject[] } } }).template
    .spec;
  assert.deepEqual(containers, [{ ...web, ports: [{ containerPort: 80 }] }, other]);
});

test("an item of a set, a label or annotation, and several fields at once", () => {
  assert.deepEqual(given("metadata.finalizers[a/b]"), { metadata: { finalizers: ["a/b"] } });
  assert.deepEqual(declared("metadata.finalizers[a/b]").metadata["finalizers"], ["c/d"]);
  const note = 'metadata.annotations["note"]';
  assert.deepEqual(given(note, "/spec/replicas"), {
    metadata: { annotations: { note: "Git's" } },
    spec: { replicas: 2 },
  });
  assert.equal(declared(note).metadata.annotations, undefined, "no empty map is left behind");
  assert.deepEqual(plan(manifest(note), live()).apply, []);
});

test("a whole branch can be left to others", () => {
  const whole = { spec: { template: { spec: { containers: [served, other] } } } };
  assert.deepEqual(given("/spec/template"), whole);
  assert.equal((declared("/spec/template")["spec"] as JsonObject)["template"], undefined);
  assert.deepEqual(plan(manifest("/spec/template"), live()).apply, []);
});

test("a part of what the server keeps as a whole stays Git's, and so does what Git declares empty", () => {
  assert.equal(given("spec.selector.matchLabels.tier"), undefined);
  assert.deepEqual(plan(manifest("spec.selector.matchLabels.tier"), live()).apply, []);
  const [step] = plan(manifest("spec.selector.matchLabels.tier"), live({ selector: {} })).apply;
  assert.deepEqual(valueAt(step?.manifest.object, "spec", "selector"), { matchLabels: { app: "d", tier: "t" } });
  const bare = { ...deployment, spec: { selector: {}, paused: undefined, replicas: 2 } };
  const empty = { ...manifest("/spec/replicas"), object: bare };
  const nothing = { ...manifest("/spec/replicas"), object: { ...deployment, spec: {} } };
  assert.deepEqual(plan(nothing, live()).leave[0]?.manifest.object["spec"], {}, "an empty map of Git's is no leftover");
  const bareOwned = { "f:spec": { "f:selector": {}, "f:replicas": {} } };
  assert.deepEqual(plan(empty, live({}, bareOwned)).leave[0]?.manifest.object["spec"], { selector: {} });
});

test("an object that Plumbline never applied keeps what is left to others", () => {
  const { managedFields: _, ...metadata } = live().metadata;
  const [step] = plan(manifest("/spec/replicas"), { ...live(), metadata }).apply;
  assert.equal(valueAt(step?.manifest.object, "spec", "replicas"), undefined);
});
