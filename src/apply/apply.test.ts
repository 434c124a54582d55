import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createClient } from "../../cluster/api/client.ts";
import { furnishNamespaces } from "../../cluster/api/namespaces.ts";
import { ApiServer } from "../../cluster/api/server.ts";
import { ApiError } from "../../cluster/client.ts";
import { TurnedClock } from "../../cluster/turned-clock.ts";
import type { Kube, KubeAnswer, KubeRefusal, KubeResource } from "../io/kube/kube.ts";
import type { Json, JsonObject } from "../model/json.ts";
import { isJsonObject, valueAt } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { refOf } from "../model/kube-object.ts";
import type { Manifest } from "../model/manifest.ts";
import { refKey, refLabel } from "../model/object-ref.ts";
import type { ObjectRef } from "../model/object-ref.ts";
import { withProofs } from "../plan/equivalence.ts";
import type { Equivalence } from "../plan/equivalence.ts";
import { planChanges } from "../plan/plan-changes.ts";
import { apply } from "./apply.ts";
import { readInventory } from "./inventory-store.ts";
import { prune } from "./prune.ts";

const application = "staging/shop";
const namespace = "plumbline";

/**
 * The embedded cluster's own API server, without its wire, as a door. `requests` are written as `VERB Kind name`; `written`
 * changes how the server writes objects.
 */
function start(written: (text: string) => string = (text) => text) {
  const server = new ApiServer(new TurnedClock());
  furnishNamespaces(server, "PEM");
  const requests: string[] = [];
  const place = ({ group, version, resource }: KubeResource, namespace: string, name: string) => ({
    resource: server.table.find(group, version, resource)!,
    namespace,
    name,
  });
  const rewritten = (object: unknown) => object && (JSON.parse(written(JSON.stringify(object))) as unknown);
  let failing: (request: string) => KubeRefusal | undefined = () => undefined;
  function answer<T>(request: string, work: () => unknown): Promise<KubeAnswer<T>> {
    requests.push(request);
    const refusal = failing(request);
    if (refusal) return Promise.resolve({ ok: false, refusal });
    try {
      return Promise.resolve({ ok: true, value: rewritten(work()) as T, warnings: [] });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const { code, reason, message, details } = error;
      const causes = (details?.["causes"] ?? []) as KubeRefusal["causes"];
      return Promise.resolve({ ok: false, refusal: { code, reason, message, causes } });
    }
  }
  const kube: Pick<Kube, "resource" | "get" | "apply" | "delete"> = {
    resource(apiVersion, kind) {
      const found = server.table.all().find((each) => each.apiVersion === apiVersion && each.kind === kind);
      return Promise.resolve({ ok: true, value: found, warnings: [] });
    },
    get: (kind, namespace, name) => answer(`GET ${kind.kind} ${name}`, () => server.get(place(kind, namespace, name))),
    apply(kind, object, { dryRun, fieldManager, force }) {
      const { namespace = "", name } = object.metadata;
      const how = { fieldManager, force, dryRun, fieldValidation: "Strict" } as const;
      const verb = `${dryRun ? "TRY" : "APPLY"}${force ? "!" : ""}`;
      return answer(
        `${verb} ${kind.kind} ${name}`,
        () => server.apply(place(kind, namespace, name), object, how).object,
      );
    },
    delete: (kind, namespace, name, options) =>
      answer(`DELETE ${kind.kind} ${name}`, () => server.delete(place(kind, namespace, name), options).object),
  };
  const live = (ref: ObjectRef) => {
    const resource = server.table.all().find((each) => each.group === ref.group && each.kind === ref.kind);
    return resource && (rewritten(server.find({ resource, ...ref })) as KubeObject | undefined);
  };
  /** One pass as the engine does it: plan, apply, and once all is applied, prune. */
  async function pass(desired: readonly Manifest[], proved: Equivalence = new Map()) {
    const inventory = await readInventory(kube as Kube, namespace, application);
    requests.length = 0;
    const plan = planChanges(desired, live, inventory, proved);
    const applied = await apply(kube as Kube, plan, { namespace });
    const pruned = applied.ok ? await prune(kube as Kube, plan, { namespace, known: applied.inventory }) : undefined;
    return { plan, applied, pruned, proved: withProofs(proved, plan, applied) };
  }
  const fail = (when: typeof failing) => {
    failing = when;
  };
  return { server, kube: kube as Kube, live, requests, pass, fail, client: createClient(server, "someone") };
}

function manifest(apiVersion: string, kind: string, name: string, rest: JsonObject = {}, line = 1): Manifest {
  const { metadata, ...fields } = rest;
  const place = kind === "Namespace" ? {} : { namespace: "default" };
  const labels = { "plumbline.dev/application": "staging.shop" };
  const meta = { name, ...place, labels, ...(isJsonObject(metadata) ? metadata : {}) };
  const object: KubeObject = { apiVersion, kind, metadata: meta, ...fields };
  return { ref: refOf(object), object, where: { file: "staging/shop/all.yaml", line } };
}

function deployment(name: string, spec: JsonObject = {}, container: JsonObject = {}, meta: JsonObject = {}): Manifest {
  const containers = [{ name: "web", image: "web:1", ports: [{ containerPort: 8080 }], ...container }];
  const template = { metadata: { labels: { app: name } }, spec: { containers } };
  const selector = { matchLabels: { app: name } };
  return manifest(
    "apps/v1",
    "Deployment",
    name,
    { metadata: meta, spec: { replicas: 2, selector, template, ...spec } },
    7,
  );
}

const configMap = (name: string, data: JsonObject = { k: "v" }) => manifest("v1", "ConfigMap", name, { data });
const service = manifest("v1", "Service", "web", {
  spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: 8080 }] },
});
const outcomes = (steps: readonly { ref: ObjectRef; outcome: string }[]) =>
  steps.map(({ ref, outcome }) => `${refLabel(ref)} ${outcome}`);

test("a revision is tried whole, noted in the inventory, and applied in stages; afterwards nothing is left to do", async () => {
  const cluster = start();
  const desired = [deployment("web"), service, configMap("settings")];
  const { applied, pruned } = await cluster.pass(desired);
  assert.ok(applied.ok, JSON.stringify(applied));
  assert.deepEqual(cluster.requests, [
    "TRY ConfigMap settings",
    "TRY Service web",
    "TRY Deployment web",
    "APPLY! ConfigMap plumbline-inventory-staging.shop",
    "APPLY! Namespace plumbline",
    "APPLY! ConfigMap plumbline-inventory-staging.shop",
    "APPLY ConfigMap settings",
    "APPLY Service web",
    "APPLY Deployment web",
  ]);
  assert.deepEqual(outcomes(applied.steps), [
    "ConfigMap default/settings created",
    "Service default/web created",
    "Deployment default/web created",
  ]);
  assert.equal(applied.objects.length, 3);
  assert.deepEqual(pruned?.problems, []);
  // The uids are known from the next pass on.
  await cluster.pass(desired);
  assert.deepEqual(cluster.requests, ["APPLY! ConfigMap plumbline-inventory-staging.shop"]);
  const again = await cluster.pass(desired);
  assert.deepEqual(cluster.requests, []);
  assert.ok(again.applied.ok && again.applied.steps.every(({ outcome }) => outcome === "unchanged"));
});

test("one refused manifest and nothing is changed; file, line and reason are named", async () => {
  const cluster = start();
  const before = cluster.server.store.revision;
  const wrong = deployment("web", { selector: { matchLabels: { app: "other" } } });
  const { applied } = await cluster.pass([configMap("settings"), service, wrong]);
  assert.ok(!applied.ok);
  assert.equal(applied.transient, false);
  assert.equal(applied.wrote, false);
  assert.deepEqual(applied.problems[0]?.where, { file: "staging/shop/all.yaml", line: 7 });
  assert.match(applied.problems[0]?.message ?? "", /^Deployment default\/web: .*selector/);
  assert.equal(cluster.server.store.revision, before);
});

test("objects are checked though their namespace is yet to come, and applied after it", async () => {
  const cluster = start();
  const inShop = { metadata: { namespace: "shop", labels: { "plumbline.dev/application": "staging.shop" } } };
  const shop = manifest("v1", "Namespace", "shop");
  const good = manifest("v1", "ConfigMap", "c", { ...inShop, data: { k: "v" } });
  const bad = deployment("web", { selector: { matchLabels: { app: "other" } } }, {}, inShop.metadata);
  const before = cluster.server.store.revision;
  const refused = await cluster.pass([shop, good, bad]);
  assert.ok(!refused.applied.ok && !refused.applied.wrote);
  assert.equal(cluster.server.store.revision, before);
  const { applied } = await cluster.pass([shop, good]);
  assert.ok(applied.ok, JSON.stringify(applied));
  assert.ok(cluster.live(good.ref));
  assert.equal(cluster.live({ ...good.ref, namespace: "default" }), undefined);
});

test("a namespace that nobody declares and a kind that nobody serves are problems with a remedy", async () => {
  const cluster = start();
  const lost = manifest("v1", "ConfigMap", "c", { metadata: { namespace: "nowhere" } });
  const strange = manifest("example.org/v9", "Widget", "w");
  const { applied } = await cluster.pass([lost, strange]);
  assert.ok(!applied.ok && !applied.transient);
  assert.deepEqual(applied.problems.map(({ code }) => code).toSorted(), ["kube-not-found", "unknown-kind"]);
  assert.ok(applied.problems.every(({ remedy }) => remedy));
});

test("a kind that its definition has not brought yet is waited for, though the definition is unchanged by now", async () => {
  const cluster = start();
  const names = { plural: "widgets", singular: "widget", kind: "Widget" };
  const schema = { openAPIV3Schema: { type: "object" } };
  const versions = [{ name: "v9", served: true, storage: true, schema }];
  const { metadata: _, ...rest } = {
    metadata: {},
    spec: { group: "example.org", scope: "Namespaced", names, versions },
  };
  const made = manifest("apiextensions.k8s.io/v1", "CustomResourceDefinition", "widgets.example.org", rest);
  const { namespace: _namespace, ...metadata } = made.object.metadata;
  const object: KubeObject = { ...made.object, metadata };
  const definition = { ...made, object, ref: refOf(object) };
  // A version that this server never gets to serve.
  const widget = manifest("example.org/v10", "Widget", "w");
  const first = await cluster.pass([definition, widget]);
  assert.ok(!first.applied.ok && first.applied.transient);
  const second = await cluster.pass([definition, widget]);
  assert.deepEqual(second.plan.unchanged, [definition.ref]);
  assert.ok(!second.applied.ok && second.applied.transient, "it says nothing about Git");
  const strange = await cluster.pass([definition, manifest("example.com/v9", "Widget", "w")]);
  assert.ok(!strange.applied.ok && !strange.applied.transient);
});

test("an object of the whole cluster cannot pass for one of the application's namespace", async () => {
  const cluster = start();
  const before = cluster.server.store.revision;
  const { applied } = await cluster.pass([configMap("a"), manifest("scheduling.k8s.io/v1", "PriorityClass", "p")]);
  assert.ok(!applied.ok && !applied.transient);
  assert.deepEqual(
    applied.problems.map(({ code, remedy }) => [code, remedy]),
    [
      [
        "cluster-kind-not-allowed",
        "add scheduling.k8s.io/PriorityClass to allowClusterKinds of the environment in delivery.yaml",
      ],
    ],
  );
  assert.equal(cluster.server.store.revision, before);
});

test("what another application delivers is not taken from it", async () => {
  const cluster = start();
  const theirs = { "plumbline.dev/application": "staging.other" };
  const metadata = { name: "c", namespace: "default", labels: theirs };
  const object = { apiVersion: "v1", kind: "ConfigMap", metadata, data: { k: "theirs" } };
  await cluster.client.create({ group: "", resource: "configmaps" }, object);
  const { applied } = await cluster.pass([configMap("a"), configMap("c", { k: "ours" })]);
  assert.ok(!applied.ok && !applied.transient && !applied.wrote);
  assert.equal(applied.problems[0]?.message, "ConfigMap default/c is delivered by another application (staging.other)");
  assert.equal(cluster.live(configMap("a").ref), undefined);
});

test("a field that another manager holds is taken over and noted, a field that Git leaves out is left alone", async () => {
  const cluster = start();
  const there = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "c", namespace: "default" },
    data: { k: "theirs", own: "x" },
  };
  await cluster.client.create({ group: "", resource: "configmaps" }, there);
  const { applied } = await cluster.pass([configMap("c", { k: "ours" }), configMap("d")]);
  assert.ok(applied.ok);
  assert.deepEqual(
    applied.takeovers.map(({ manager, field }) => [manager, field]),
    [["someone", "data.k"]],
  );
  assert.deepEqual(cluster.live(configMap("c").ref)?.["data"], { k: "ours", own: "x" });
});

test("drift of one object is undone without a rehearsal", async () => {
  const cluster = start();
  await cluster.pass([deployment("web")]);
  await cluster.pass([deployment("web")]);
  await cluster.client.mergePatch({ group: "apps", resource: "deployments" }, "default", "web", {
    spec: { replicas: 9 },
  });
  const { plan, applied } = await cluster.pass([deployment("web")]);
  assert.equal(plan.apply[0]?.why, "spec.replicas is 9, Git says 2 (changed by someone)");
  assert.ok(applied.ok);
  assert.deepEqual(cluster.requests, ["APPLY Deployment web", "APPLY! Deployment web"]);
  assert.equal(valueAt(cluster.live(deployment("web").ref)?.["spec"], "replicas"), 2);
});

test("what the server keeps in another form is asked about once", async () => {
  // As Kubernetes writes quantities.
  const cluster = start((text) => text.replaceAll('"1000m"', '"1"'));
  const resources = { requests: { cpu: "1000m" } };
  const desired = [deployment("web", {}, { resources }), configMap("c")];
  await cluster.pass(desired);
  await cluster.pass(desired);
  assert.match(JSON.stringify(cluster.live(desired[0]!.ref)), /"cpu":"1"/);
  const { applied, proved } = await cluster.pass(desired);
  assert.ok(applied.ok);
  assert.deepEqual(applied.equal.map(refKey), ["apps/Deployment/default/web"]);
  assert.equal(cluster.requests.length, 1);
  await cluster.pass(desired, proved);
  assert.deepEqual(cluster.requests, []);
});

test("what is gone from Git is pruned after the apply; what is not ours stays", async () => {
  const cluster = start();
  const old = [configMap("a"), configMap("b"), service];
  await cluster.pass(old);
  await cluster.pass(old);
  const configMaps = { group: "", resource: "configmaps" };
  await cluster.client.delete(configMaps, "default", "b");
  await cluster.client.create(configMaps, { ...configMap("b").object, data: { k: "reborn" } });
  const { applied, pruned } = await cluster.pass([deployment("web")]);
  assert.ok(applied.ok);
  assert.deepEqual(outcomes(pruned?.steps ?? []), ["Service default/web deleted", "ConfigMap default/a deleted"]);
  assert.equal(cluster.live(configMap("a").ref), undefined);
  assert.ok(cluster.live(configMap("b").ref));
  const kept = await readInventory(cluster.kube, namespace, application);
  assert.deepEqual(kept.entries.map(refKey), ["apps/Deployment/default/web"]);
});

test("an apply that breaks half way is gone on with, and its objects are in the inventory", async () => {
  const cluster = start();
  const desired = [configMap("a"), service, deployment("web")];
  cluster.fail((request) =>
    request === "APPLY Service web" ? { code: 0, reason: "Unreachable", message: "gone", causes: [] } : undefined,
  );
  const { applied } = await cluster.pass(desired);
  assert.ok(!applied.ok && applied.wrote && applied.transient);
  assert.deepEqual(outcomes(applied.steps), ["ConfigMap default/a created"]);
  const noted = await readInventory(cluster.kube, namespace, application);
  assert.equal(noted.entries.length, 3);
  cluster.fail(() => undefined);
  // Reverted instead: nothing of the half revision is left behind.
  const back = await cluster.pass([service]);
  assert.ok(back.applied.ok);
  assert.deepEqual(outcomes(back.pruned?.steps ?? []), ["ConfigMap default/a deleted"]);
});

test("what is being deleted is left to its end", async () => {
  const cluster = start();
  const held = manifest("v1", "ConfigMap", "c", { metadata: { finalizers: ["example.org/hold"] } });
  await cluster.pass([held]);
  await cluster.client.delete({ group: "", resource: "configmaps" }, "default", "c");
  const { applied } = await cluster.pass([held]);
  assert.ok(applied.ok);
  assert.deepEqual(outcomes(applied.steps), ["ConfigMap default/c skipped"]);
});

test("a refused Secret is named without the server's words", async () => {
  const cluster = start();
  const secret = manifest("v1", "Secret", "login", { type: "kubernetes.io/tls", data: { password: "cGFzc3dvcmQ=" } });
  cluster.fail((request) =>
    request.includes("Secret") ? { code: 400, reason: "BadRequest", message: "…cGFzc3dvcmQ=…", causes: [] } : undefined,
  );
  const { applied } = await cluster.pass([secret]);
  assert.ok(!applied.ok);
  assert.equal(applied.problems[0]?.message, "Secret default/login: the API server refused it (BadRequest)");
});

test("from any revision to any other: the cluster holds exactly what Git says, and the next pass asks nothing", async () => {
  const one = fc.oneof(
    fc
      .record({ name: fc.constantFrom("a", "b", "c"), v: fc.constantFrom("1", "2") })
      .map(({ name, v }) => configMap(name, { v })),
    fc
      .record({
        name: fc.constantFrom("a", "b"),
        replicas: fc.constantFrom(1, 2),
        image: fc.constantFrom("x:1", "x:2"),
        env: fc.boolean(),
      })
      .map(({ name, replicas, image, env }) =>
        deployment(name, { replicas }, { image, ...(env ? { env: [{ name: "A", value: "1" }, { name: "B" }] } : {}) }),
      ),
  );
  const revision = fc.uniqueArray(one, { maxLength: 4, selector: (each) => refKey(each.ref) });
  await fc.assert(
    fc.asyncProperty(fc.array(revision, { minLength: 1, maxLength: 4 }), async (revisions) => {
      const cluster = start();
      let proved: Equivalence = new Map();
      for (const desired of revisions) {
        const passed = await cluster.pass(desired, proved);
        assert.ok(passed.applied.ok, JSON.stringify(passed.applied));
        ({ proved } = passed);
        const ours = ["configmaps", "deployments"].flatMap((resource) => {
          const group = resource === "configmaps" ? "" : "apps";
          return cluster.client.list<KubeObject>({ group, resource }, "default");
        });
        const names = ours
          .filter((each) => each.metadata.labels?.["plumbline.dev/application"])
          .map((each) => refKey(refOf(each)));
        assert.deepEqual(names.toSorted(), desired.map((each) => refKey(each.ref)).toSorted());
        ({ proved } = await cluster.pass(desired, proved));
        await cluster.pass(desired, proved);
        assert.deepEqual(cluster.requests, [] as Json[]);
      }
    }),
    { numRuns: 30 },
  );
});
