import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { once } from "node:events";
import { test, type TestContext } from "node:test";
import type { KubeObject } from "../client.ts";
import { isReady, startTestCluster, type TestCluster } from "../node/cluster-in-test.ts";
import type { Pod } from "../node/pod.ts";
import type { ServiceObject } from "./backends.ts";

const podsResource = { group: "", resource: "pods" };
const probe = { httpGet: { path: "/", port: 8080 }, periodSeconds: 1 };

/** Keeps an EndpointSlice of the pods labelled by app, as the controller would. */
async function serve(t: TestContext, { client }: TestCluster): Promise<string> {
  const slices = { group: "discovery.k8s.io", resource: "endpointslices" };
  const metadata = { name: "web", namespace: "default" };
  const service = await client.create<ServiceObject>(
    { group: "", resource: "services" },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: { selector: { role: "web" }, ports: [{ name: "http", port: 8099, targetPort: 8080 }] },
    },
  );
  const slice = {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { ...metadata, labels: { "kubernetes.io/service-name": "web" } },
    addressType: "IPv4",
    ports: [{ name: "http", port: 8080, protocol: "TCP" }],
    endpoints: [],
  };
  await client.create<KubeObject>(slices, slice);
  t.after(
    client.watch<Pod>(podsResource, () => {
      const endpoints = client.list<Pod>(podsResource, "default").flatMap((pod) => {
        const ip = pod.status?.podIP;
        const going = pod.metadata.deletionTimestamp !== undefined;
        const conditions = { ready: isReady(pod) && !going, serving: isReady(pod), terminating: going };
        return ip === undefined ? [] : [{ addresses: [ip], conditions }];
      });
      void client.mergePatch(slices, "default", "web", { endpoints });
    }),
  );
  return service.spec?.clusterIP ?? "";
}

async function ingress({ client }: TestCluster): Promise<void> {
  const backend = { service: { name: "web", port: { name: "http" } } };
  await client.create(
    { group: "networking.k8s.io", resource: "ingresses" },
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: { name: "web", namespace: "default" },
      spec: { rules: [{ http: { paths: [{ path: "/web", pathType: "Prefix", backend }] } }] },
    },
  );
}

/** One GET; answers status and body, or rejects as the connection does. */
function get(port: number, path: string, agent?: Agent, host = "127.0.0.1"): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ host, port, path, ...(agent ? { agent } : { agent: false }) }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body += text));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
      response.on("error", reject);
    });
    sent.on("error", reject);
    sent.end();
  });
}

async function runWeb(cluster: TestCluster, name: string): Promise<void> {
  await cluster.run(name, { env: [{ name: "POD", value: name }], readinessProbe: probe });
  await cluster.when(name, isReady);
}

test("Requests are spread over the ready pods; without one the ingress answers 503 and the service refuses", async (t) => {
  const cluster = await startTestCluster(t);
  const clusterIP = await serve(t, cluster);
  await ingress(cluster);
  const { ingressPort } = cluster.net;
  assert.equal((await get(ingressPort, "/web")).status, 503);
  assert.equal((await get(ingressPort, "/elsewhere")).status, 404);
  const service = () => cluster.net.serviceAddress(clusterIP, 8099);
  await assert.rejects(get(service().port, "/", undefined, service().host));
  await Promise.all([runWeb(cluster, "one"), runWeb(cluster, "two")]);
  const seen = new Set<string>();
  for (let turn = 0; turn < 4; turn += 1)
    seen.add((JSON.parse((await get(ingressPort, "/web/x?y")).body) as { pod: string }).pod);
  assert.deepEqual([...seen].toSorted(), ["one", "two"]);
  const direct = JSON.parse((await get(service().port, "/direct", undefined, service().host)).body) as { url: string };
  assert.equal(direct.url, "/direct");
  const told = cluster.client.get<KubeObject & { status?: object }>(
    { group: "networking.k8s.io", resource: "ingresses" },
    "default",
    "web",
  );
  assert.deepEqual(told?.status, {
    loadBalancer: { ingress: [{ ip: "127.0.0.1", ports: [{ port: ingressPort, protocol: "TCP" }] }] },
  });
});

test("While pods are replaced one after the other, not one request fails, by ingress or by service", async (t) => {
  const cluster = await startTestCluster(t);
  const clusterIP = await serve(t, cluster);
  await ingress(cluster);
  await Promise.all([runWeb(cluster, "web-0"), runWeb(cluster, "web-1")]);
  const agent = new Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  const failures: string[] = [];
  const answered = new Set<string>();
  let requests = 0;
  const loading = new AbortController();
  const load = async (send: () => Promise<{ status: number; body: string }>) => {
    while (!loading.signal.aborted) {
      requests += 1;
      try {
        const { status, body } = await send();
        if (status === 200) answered.add((JSON.parse(body) as { pod: string }).pod);
        else failures.push(`${status}: ${body}`);
      } catch (error) {
        failures.push(String(error));
      }
    }
  };
  const service = cluster.net.serviceAddress(clusterIP, 8099);
  const loads = [
    load(() => get(cluster.net.ingressPort, "/web", agent)),
    load(() => get(cluster.net.ingressPort, "/web")),
    load(() => get(service.port, "/", undefined, service.host)),
    load(() => get(service.port, "/", undefined, service.host)),
  ];
  for (let turn = 2; turn < 8; turn += 1) {
    await runWeb(cluster, `web-${turn}`);
    await cluster.client.delete(podsResource, "default", `web-${turn - 2}`);
    await cluster.gone(`web-${turn - 2}`);
  }
  loading.abort();
  await Promise.all(loads);
  assert.deepEqual(failures, [], `of ${requests} requests`);
  assert.equal(answered.size, 8, "every pod has answered");
  assert.ok(requests > 100, String(requests));
});

test("A running request is answered by a pod that stops meanwhile, and an upgraded connection passes through", async (t) => {
  const cluster = await startTestCluster(t);
  const clusterIP = await serve(t, cluster);
  await ingress(cluster);
  await runWeb(cluster, "slow");
  const service = cluster.net.serviceAddress(clusterIP, 8099);
  const slow = get(service.port, "/slow", undefined, service.host);
  await get(service.port, "/", undefined, service.host);
  await cluster.client.delete(podsResource, "default", "slow");
  assert.equal((await slow).body, "slow");
  await cluster.gone("slow");
  assert.equal((await get(cluster.net.ingressPort, "/web")).status, 503);
  const socket = connect(cluster.net.ingressPort, "127.0.0.1");
  socket.write("GET /web HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
  const [answer] = (await once(socket, "data")) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1\.1 503 /);
  socket.destroy();
});
