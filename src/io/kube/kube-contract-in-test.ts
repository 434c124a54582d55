import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { apply } from "../../apply/apply.ts";
import { readInventory } from "../../apply/inventory-store.ts";
import { refOf } from "../../model/kube-object.ts";
import type { KubeObject } from "../../model/kube-object.ts";
import { refKey } from "../../model/object-ref.ts";
import { planChanges } from "../../plan/plan-changes.ts";
import { systemClock } from "../clock/clock.ts";
import { HttpsKube } from "./https-kube.ts";
import type { Kube, KubeResource, WatchMessage } from "./kube.ts";
import { kubeconfigAccess } from "./kubeconfig.ts";

/** For tests: the client that a kubeconfig gives, closed after the test. */
export async function openKubeconfig(t: TestContext, path: string): Promise<Kube> {
  const access = await kubeconfigAccess({ path, clock: systemClock });
  assert.ok(access.ok, JSON.stringify(access));
  const kube = new HttpsKube({ access: access.value, clock: systemClock, random: Math.random });
  t.after(() => kube.close());
  return kube;
}

const ours = { fieldManager: "plumbline", force: false, dryRun: false };
const labels = { "plumbline.dev/application": "staging.shop" };

/** What the client promises with an API server behind it: runs as tests, each in a namespace of its own that goes with it. */
export function kubeContract(server: string, open: (t: TestContext) => Promise<Kube>): void {
  const promise = (name: string, body: (world: World) => Promise<void>): void => {
    void test(`${server}: ${name}`, async (t) => inNamespace(await open(t), body));
  };
  promise("objects are applied, tried, fought over, listed and deleted", applied);
  promise("a write against an older state is a Conflict, a second create AlreadyExists, a wrong field named", refused);
  promise("a watch tells what was there, what changes and what goes", watched);
  promise("a revision may define a kind and hold objects of it: they are there after the next pass", defined);
}

/** One test's share of a cluster. */
interface World {
  readonly kube: Kube;
  readonly namespace: string;
  readonly configMaps: KubeResource;
  readonly configMap: (name: string, data: Record<string, string>) => KubeObject;
}

async function inNamespace(kube: Kube, body: (world: World) => Promise<void>): Promise<void> {
  const namespaces = await kind(kube, "v1", "Namespace");
  const namespace = `plumbline-contract-${randomBytes(4).toString("hex")}`;
  const made = await kube.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  assert.ok(made.ok, JSON.stringify(made));
  try {
    const configMaps = await kind(kube, "v1", "ConfigMap");
    const configMap: World["configMap"] = (name, data) => {
      return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace, labels }, data };
    };
    await body({ kube, namespace, configMaps, configMap });
  } finally {
    await kube.delete(namespaces, "", namespace);
  }
}

async function kind(kube: Kube, apiVersion: string, name: string): Promise<KubeResource> {
  const found = await kube.resource(apiVersion, name);
  assert.ok(found.ok && found.value, `${apiVersion} ${name}`);
  return found.value;
}

async function applied({ kube, namespace, configMaps, configMap }: World): Promise<void> {
  const tried = await kube.apply(configMaps, configMap("a", { k: "1" }), { ...ours, dryRun: true });
  assert.ok(tried.ok);
  const missing = await kube.get(configMaps, namespace, "a");
  assert.ok(!missing.ok && missing.refusal.reason === "NotFound" && missing.refusal.code === 404);

  const made = await kube.apply(configMaps, configMap("a", { k: "1" }), ours);
  assert.ok(made.ok);
  const fought = await kube.apply(configMaps, configMap("a", { k: "2" }), { ...ours, fieldManager: "other" });
  assert.ok(!fought.ok);
  assert.deepEqual(fought.refusal.causes, [
    { reason: "FieldManagerConflict", message: 'conflict with "plumbline"', field: ".data.k" },
  ]);
  const labelSelector = "plumbline.dev/application=staging.shop";
  const listed = await kube.list({ resource: configMaps, namespace, labelSelector });
  assert.ok(listed.ok);
  assert.deepEqual(
    listed.value.map((item) => `${item.apiVersion} ${refKey(refOf(item))}`),
    [`v1 /ConfigMap/${namespace}/a`],
  );

  const other = await kube.delete(configMaps, namespace, "a", { uid: "00000000-0000-0000-0000-000000000000" });
  assert.ok(!other.ok && other.refusal.code === 409);
  const { uid } = made.value.metadata;
  assert.ok((await kube.delete(configMaps, namespace, "a", uid === undefined ? {} : { uid })).ok);
}

async function refused({ kube, configMaps, configMap }: World): Promise<void> {
  const made = await kube.create(configMaps, configMap("a", { k: "1" }));
  assert.ok(made.ok);
  assert.ok((await kube.replace(configMaps, { ...made.value, data: { k: "2" } })).ok);
  const stale = await kube.replace(configMaps, { ...made.value, data: { k: "3" } });
  assert.ok(!stale.ok && stale.refusal.reason === "Conflict");
  const again = await kube.create(configMaps, configMap("a", {}));
  assert.ok(!again.ok && again.refusal.reason === "AlreadyExists");
  const wrong = await kube.apply(configMaps, { ...configMap("b", {}), datum: {} }, ours);
  assert.ok(!wrong.ok && wrong.refusal.message.includes("datum"), JSON.stringify(wrong));
}

async function watched({ kube, namespace, configMaps, configMap }: World): Promise<void> {
  await kube.apply(configMaps, configMap("a", { k: "1" }), ours);
  const ended = new AbortController();
  const told: string[] = [];
  await new Promise<void>((resolve) => {
    const target = { resource: configMaps, namespace, labelSelector: "plumbline.dev/application" };
    const onMessage = async (message: WatchMessage): Promise<void> => {
      if (message.type === "trouble" || message.type === "resumed") return;
      if (message.type === "synced") {
        told.push(`synced ${message.objects.map((object) => object.metadata.name).join()}`);
        await kube.apply(configMaps, configMap("a", { k: "2" }), ours);
        await kube.delete(configMaps, namespace, "a");
        return;
      }
      told.push(`${message.type} ${message.object.metadata.name} ${JSON.stringify(message.object["data"])}`);
      if (message.type === "deleted") resolve();
    };
    kube.watch(target, (message) => void onMessage(message), ended.signal);
  });
  ended.abort();
  assert.deepEqual(told, ["synced a", 'changed a {"k":"2"}', 'deleted a {"k":"2"}']);
}

async function defined({ kube, namespace }: World): Promise<void> {
  // Definitions belong to the whole cluster: a group of this test's own is in nobody's way.
  const group = `${namespace}.example.org`;
  const schema = {
    type: "object",
    properties: { spec: { type: "object", properties: { size: { type: "integer" } } } },
  };
  const names = { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList" };
  const definition: KubeObject = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `widgets.${group}` },
    spec: {
      group,
      names,
      scope: "Namespaced",
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  };
  const widget: KubeObject = {
    apiVersion: `${group}/v1`,
    kind: "Widget",
    metadata: { name: "w", namespace },
    spec: { size: 3 },
  };
  const desired = [widget, definition].map((object) => ({ ref: refOf(object), object, where: { file: "all.yaml" } }));
  let found: KubeObject | undefined;
  for (let pass = 0; pass < 50 && !found; pass += 1) {
    const plan = planChanges(desired, () => undefined, await readInventory(kube, namespace, "staging/shop"));
    const result = await apply(kube, plan, { namespace });
    assert.ok(result.ok || (result.transient && result.wrote), JSON.stringify(result));
    if (result.ok) found = result.objects.find((object) => object.kind === "Widget");
  }
  assert.deepEqual(found?.["spec"], { size: 3 });
  const listed = await kube.list({ resource: await kind(kube, `${group}/v1`, "Widget"), namespace });
  assert.ok(listed.ok && listed.value.length === 1, JSON.stringify(listed));
  const definitions = await kind(kube, "apiextensions.k8s.io/v1", "CustomResourceDefinition");
  assert.ok((await kube.delete(definitions, "", definition.metadata.name)).ok);
}
