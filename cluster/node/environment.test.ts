import assert from "node:assert/strict";
import { test } from "node:test";
import type { Container } from "kubernetes-types/core/v1.js";
import { createClient } from "../api/client.ts";
import { furnishNamespaces } from "../api/namespaces.ts";
import { ApiServer } from "../api/server.ts";
import type { Client, KubeObject } from "../client.ts";
import { TurnedClock } from "../turned-clock.ts";
import { containerEnvironment, expandVariables } from "./environment.ts";
import type { Pod } from "./pod.ts";

function startClient(): Client {
  const server = new ApiServer(new TurnedClock());
  furnishNamespaces(server, "PEM");
  return createClient(server, "test");
}

async function put(
  client: Client,
  kind: "ConfigMap" | "Secret",
  name: string,
  data: Record<string, string>,
): Promise<void> {
  const object = { apiVersion: "v1", kind, metadata: { name, namespace: "default" }, data } as KubeObject;
  await client.create({ group: "", resource: `${kind.toLowerCase()}s` }, object);
}

function environment(client: Client, container: Partial<Container>): Readonly<Record<string, string>> {
  const pod: Pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", namespace: "default", uid: "u", labels: { "app/x": "web" } },
    spec: { nodeName: "n", containers: [], enableServiceLinks: false },
  };
  const context = { client, podIP: "127.1.1.1", hostIP: "127.1.0.1", allocatable: { cpu: 2, memory: 2 ** 30 } };
  return containerEnvironment(pod, { name: "c", ...container }, context);
}

test("Values come from fields, resources, ConfigMaps and Secrets, and refer to earlier ones", async () => {
  const client = startClient();
  await put(client, "ConfigMap", "settings", { COLOR: "blue", SIZE: "1" });
  await put(client, "Secret", "keys", { KEY: Buffer.from("s3cret").toString("base64") });
  const got = environment(client, {
    resources: { limits: { memory: "64Mi" }, requests: { cpu: "250m" } },
    envFrom: [{ configMapRef: { name: "settings" } }, { prefix: "P_", secretRef: { name: "keys" } }],
    env: [
      { name: "SIZE", value: "2" },
      { name: "BOTH", value: "$(COLOR)-$(SIZE)-$(NOTHING)-$$(SIZE)" },
      { name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
      { name: "LABEL", valueFrom: { fieldRef: { fieldPath: "metadata.labels['app/x']" } } },
      { name: "MEMORY", valueFrom: { resourceFieldRef: { resource: "limits.memory", divisor: "1Mi" } } },
      { name: "CPU", valueFrom: { resourceFieldRef: { resource: "requests.cpu", divisor: "1m" } } },
      { name: "CPUS", valueFrom: { resourceFieldRef: { resource: "limits.cpu" } } },
      { name: "KEY", valueFrom: { secretKeyRef: { name: "keys", key: "KEY" } } },
      { name: "MAYBE", valueFrom: { configMapKeyRef: { name: "absent", key: "x", optional: true } } },
    ],
  });
  assert.deepEqual(got, {
    COLOR: "blue",
    P_KEY: "s3cret",
    SIZE: "2",
    BOTH: "blue-2-$(NOTHING)-$(SIZE)",
    IP: "127.1.1.1",
    LABEL: "web",
    MEMORY: "64",
    CPU: "250",
    CPUS: "2",
    KEY: "s3cret",
  });
});

test("What is missing is said as the kubelet says it", async () => {
  const client = startClient();
  await put(client, "ConfigMap", "settings", {});
  const from = (valueFrom: NonNullable<NonNullable<Container["env"]>[0]["valueFrom"]>) => () =>
    environment(client, { env: [{ name: "A", valueFrom }] });
  assert.throws(from({ configMapKeyRef: { name: "none", key: "k" } }), { message: 'configmap "none" not found' });
  assert.throws(from({ secretKeyRef: { name: "none", key: "k" } }), { message: 'secret "none" not found' });
  const missing = "couldn't find key k in ConfigMap default/settings";
  assert.throws(from({ configMapKeyRef: { name: "settings", key: "k" } }), { message: missing });
});

test("Services are told by variables, unless the pod does not want them", async () => {
  const client = startClient();
  await client.create(
    { group: "", resource: "services" },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "my-db", namespace: "default" },
      spec: { clusterIP: "127.31.0.77", ports: [{ name: "sql", port: 5432, protocol: "TCP" }] },
    },
  );
  assert.deepEqual(environment(client, {}), {});
  const pod: Pod = { apiVersion: "v1", kind: "Pod", metadata: { namespace: "default" }, spec: { containers: [] } };
  const context = { client, podIP: "", hostIP: "", allocatable: { cpu: 1, memory: 1 } };
  const got = containerEnvironment(pod, { name: "c" }, context);
  assert.equal(got["MY_DB_SERVICE_HOST"], "127.31.0.77");
  assert.equal(got["MY_DB_SERVICE_PORT_SQL"], "5432");
  assert.equal(got["MY_DB_PORT_5432_TCP"], "tcp://127.31.0.77:5432");
});

test("Two dollars are one, and an unknown reference stays", () => {
  assert.equal(expandVariables("$$ $(A) $(B) $A $$(A) $(", { A: "1" }), "$ 1 $(B) $A $(A) $(");
});
