import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import {
  ApiException,
  CoreV1Api,
  CustomObjectsApi,
  ApiextensionsV1Api,
  KubeConfig,
  type KubernetesObject,
  makeInformer,
} from "@kubernetes/client-node";
import { type Cluster, startCluster } from "../index.ts";
import { type FaultyServer, startFaultyServer } from "../faults/faulty-server.ts";

const group = "garden.test";
const plural = "plants";
const namespace = "default";
const place = { group, version: "v1", namespace, plural };

interface Plant extends KubernetesObject {
  readonly spec?: { readonly water: number };
  readonly status?: { readonly watered: number };
}

const definition = {
  metadata: { name: `${plural}.${group}` },
  spec: {
    group,
    scope: "Namespaced",
    names: { plural, singular: "plant", kind: "Plant", listKind: "PlantList" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: {
              spec: { type: "object", required: ["water"], properties: { water: { type: "integer", minimum: 0 } } },
              status: { type: "object", properties: { watered: { type: "integer" } } },
            },
          },
        },
      },
    ],
  },
};

/**
 * A controller as the documentation of @kubernetes/client-node has it, of nothing but that library: an informer, which begins
 * again when it is told of an error, and writes by its generated clients. It keeps a ConfigMap for each Plant, and its status.
 */
function startController(t: TestContext, config: KubeConfig) {
  const core = config.makeApiClient(CoreV1Api);
  const custom = config.makeApiClient(CustomObjectsApi);
  const heard: string[] = [];
  let ended = false;
  let work: Promise<unknown> = Promise.resolve();
  // One step after the other, each until it succeeds.
  const then = (what: string, step: () => Promise<unknown>): void => {
    heard.push(what);
    const attempt = (): Promise<unknown> => step().catch((): unknown => (ended ? undefined : attempt()));
    work = work.then(attempt);
  };
  const list = () =>
    custom.listNamespacedCustomObject(place) as Promise<{ items: Plant[]; metadata: { resourceVersion: string } }>;
  const informer = makeInformer<Plant>(config, `/apis/${group}/v1/namespaces/${namespace}/${plural}`, list);
  const keep = async ({ metadata, spec }: Plant): Promise<void> => {
    const { name = "", uid = "" } = metadata ?? {};
    const body = {
      metadata: { name, ownerReferences: [{ apiVersion: `${group}/v1`, kind: "Plant", name, uid }] },
      data: { water: String(spec?.water) },
    };
    await core.createNamespacedConfigMap({ namespace, body }).catch((error: unknown) => {
      if (!(error instanceof ApiException) || error.code !== 409) throw error;
      return core.replaceNamespacedConfigMap({ namespace, name, body });
    });
    const patch = [{ op: "add", path: "/status", value: { watered: spec?.water } }];
    await custom.patchNamespacedCustomObjectStatus({ ...place, name, body: patch });
  };
  informer.on("add", (plant) => then(`add ${plant.metadata?.name}`, () => keep(plant)));
  informer.on("update", (plant) => {
    if (plant.status?.watered !== plant.spec?.water) then(`update ${plant.metadata?.name}`, () => keep(plant));
  });
  informer.on("delete", (plant) => then(`delete ${plant.metadata?.name}`, () => Promise.resolve()));
  informer.on("error", (error: unknown) => {
    if (ended) return;
    heard.push(`error: ${(error as Error).message}`);
    setImmediate(() => void informer.start());
  });
  t.after(() => {
    ended = true;
    return informer.stop();
  });
  return { heard, start: () => informer.start() };
}

function valueAt(object: object | undefined, field: string, inner: string): unknown {
  const value = (object as Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined)?.[field];
  return value?.[inner];
}

/** Settles when an object of this kind is as asked, by what the cluster itself says. */
function until(
  cluster: Cluster,
  resource: { group: string; resource: string },
  name: string,
  is: (object: object | undefined) => boolean,
) {
  return new Promise<void>((resolve) => {
    const look = (object: object | undefined): void => {
      if (!is(object)) return;
      resolve();
      setImmediate(() => end());
    };
    const end = cluster.client.watch(resource, ({ type, object }) => {
      if (object.metadata.name === name) look(type === "DELETED" ? undefined : object);
    });
    look(cluster.client.get(resource, namespace, name));
  });
}

async function open(t: TestContext): Promise<{ cluster: Cluster; server: FaultyServer; config: KubeConfig }> {
  const folder = await mkdtemp(join(tmpdir(), "informers-test-"));
  const cluster = await startCluster({ folder: join(folder, "cluster") });
  const server = await startFaultyServer({
    behind: cluster.kubeconfigPath,
    kubeconfigPath: join(folder, "kubeconfig"),
    faults: () => undefined,
  });
  t.after(async () => {
    await server.stop();
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const config = new KubeConfig();
  config.loadFromFile(server.kubeconfigPath);
  return { cluster, server, config };
}

test("a controller of a custom kind adds, updates and deletes, and goes on after its connections were cut", async (t) => {
  const { cluster, server, config } = await open(t);
  await config.makeApiClient(ApiextensionsV1Api).createCustomResourceDefinition({ body: definition });
  const definitions = { group: "apiextensions.k8s.io", resource: "customresourcedefinitions" };
  await until(cluster, definitions, definition.metadata.name, (object) =>
    JSON.stringify(object).includes('"Established"'),
  );
  const plants = { group, resource: plural };
  const configMaps = { group: "", resource: "configmaps" };
  const custom = config.makeApiClient(CustomObjectsApi);
  const plant = (name: string, water: unknown) => ({
    apiVersion: `${group}/v1`,
    kind: "Plant",
    metadata: { name, namespace },
    spec: { water },
  });
  const create = (name: string, water: unknown) =>
    custom.createNamespacedCustomObject({ ...place, body: plant(name, water) });
  const kept = (name: string, water: string) =>
    until(cluster, configMaps, name, (map) => valueAt(map, "data", "water") === water);
  const watered = (name: string, water: number) =>
    until(cluster, plants, name, (object) => valueAt(object, "status", "watered") === water);

  await create("fern", 1);
  const { heard, start } = startController(t, config);
  await start();
  await kept("fern", "1");
  await watered("fern", 1);
  await assert.rejects(create("cactus", -1), (error) => error instanceof ApiException && error.code === 422);
  await create("moss", 2);
  await kept("moss", "2");
  const set = (name: string, water: number) => cluster.client.mergePatch(plants, namespace, name, { spec: { water } });
  await set("fern", 5);
  await kept("fern", "5");
  await watered("fern", 5);

  // What happens while nobody watches is made good: an update, a new one, and one that goes with what it owns.
  await server.stop();
  await set("fern", 6);
  await cluster.client.create(plants, plant("ivy", 3));
  await cluster.client.delete(plants, namespace, "moss");
  await until(cluster, configMaps, "moss", (map) => map === undefined);
  await server.start();
  await kept("fern", "6");
  await kept("ivy", "3");
  await watered("ivy", 3);
  await cluster.client.delete(plants, namespace, "ivy");
  await until(cluster, configMaps, "ivy", (map) => map === undefined);
  await set("fern", 7);
  await watered("fern", 7);

  assert.ok(
    heard.some((what) => what.startsWith("error")),
    "it was told that its watch was cut",
  );
  const steps = heard.filter((what) => !what.startsWith("error"));
  const expected = [
    "add fern",
    "add moss",
    "update fern",
    "update fern",
    "add ivy",
    "delete moss",
    "delete ivy",
    "update fern",
  ];
  assert.deepEqual(steps.toSorted(), expected.toSorted());
});
