import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient } from "../api/client.ts";
import { furnishNamespaces } from "../api/namespaces.ts";
import { ApiServer } from "../api/server.ts";
import { TurnedClock } from "../turned-clock.ts";
import { watchBackends } from "./backends.ts";

const pods = { group: "", resource: "pods" };
const ip = "127.90.1.1";

function start() {
  const server = new ApiServer(new TurnedClock());
  furnishNamespaces(server, "PEM");
  const client = createClient(server, "test");
  const backends = watchBackends(client, (host, port) => ({ host, port }));
  const pod = async (name: string) => {
    const spec = { containers: [{ name: "c", image: "c:1" }] };
    await client.create(pods, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, namespace: "default" },
      spec,
    });
    await client.mergePatch(pods, "default", name, { status: { podIP: ip } }, "status");
  };
  const remove = (name: string) => client.delete(pods, "default", name, { gracePeriodSeconds: 0 });
  const slice = {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: "web-1", namespace: "default", labels: { "kubernetes.io/service-name": "web" } },
    addressType: "IPv4",
    ports: [{ name: "", port: 8080 }],
    endpoints: [{ addresses: [ip], conditions: { ready: true } }],
  };
  const serve = () => client.create({ group: "discovery.k8s.io", resource: "endpointslices" }, slice);
  const ready = () => backends.ready({ namespace: "default", service: "web", portName: "" });
  return { backends, pod, remove, serve, ready };
}

test("an address that was withdrawn serves again for the pod that gets it next", async () => {
  const { backends, pod, remove, serve, ready } = start();
  await serve();
  await pod("one");
  assert.deepEqual(ready(), [{ ip, port: 8080 }]);
  await backends.withdraw(ip);
  assert.deepEqual(ready(), []);
  await remove("one");
  await pod("two");
  assert.deepEqual(ready(), [{ ip, port: 8080 }]);
});

test("an address withdrawn before its pod told of it is not lost for the pods after it", async () => {
  const { backends, pod, serve, ready } = start();
  await serve();
  await backends.withdraw(ip);
  await pod("next");
  assert.deepEqual(ready(), [{ ip, port: 8080 }]);
});
