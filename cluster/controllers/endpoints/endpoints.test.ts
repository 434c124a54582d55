import assert from "node:assert/strict";
import { test } from "node:test";
import { deployments, endpoints, endpointSlices, pods, services, type Service } from "../objects.ts";
import { startTestCluster, webDeployment, type TestCluster } from "../cluster-in-test.ts";
import type { Endpoints } from "./reachable.ts";
import { planSlices, type Slice } from "./slices.ts";

function service(spec: Service["spec"] = {}): Service {
  const ports = [{ name: "h", port: 80, targetPort: "http" }];
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "web", namespace: "ns", labels: { team: "a" } },
    spec: { selector: { app: "web" }, ports, ...spec },
  };
}

function slices(cluster: TestCluster): readonly Slice[] {
  return cluster.client.list<Slice>(endpointSlices, "ns");
}

test("a service without pods has one empty slice that it owns", async (t) => {
  const cluster = await startTestCluster();
  t.after(cluster.stop);
  await cluster.client.create(services, service());
  await cluster.settle();
  const [slice, ...others] = slices(cluster);
  assert.equal(others.length, 0);
  assert.deepEqual(slice?.metadata.labels, {
    team: "a",
    "kubernetes.io/service-name": "web",
    "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
  });
  assert.equal(slice.metadata.ownerReferences?.[0]?.kind, "Service");
  assert.equal(slice.addressType, "IPv4");
  assert.equal(slice.endpoints ?? null, null);
});

test("pods are ready, serving or terminating, on the number of their named port", async (t) => {
  const cluster = await startTestCluster();
  t.after(cluster.stop);
  await cluster.client.create(services, service());
  await cluster.client.create(deployments, webDeployment({ replicas: 3 }));
  await cluster.settle({ node: true });
  const [first, second, third] = cluster.pods();
  assert.ok(first && second && third);
  await cluster.setReady(first, false);
  await cluster.client.delete(pods, "ns", second.metadata.name ?? "");
  await cluster.settle();
  const [slice] = slices(cluster);
  assert.deepEqual(slice?.ports, [{ name: "h", protocol: "TCP", port: 8080 }]);
  const conditions = new Map(slice.endpoints?.map(({ targetRef, conditions }) => [targetRef?.uid, conditions]));
  assert.deepEqual(conditions.get(first.metadata.uid), { ready: false, serving: false, terminating: false });
  assert.deepEqual(conditions.get(second.metadata.uid), { ready: false, serving: true, terminating: true });
  assert.deepEqual(conditions.get(third.metadata.uid), { ready: true, serving: true, terminating: false });

  const [subset] = cluster.client.get<Endpoints>(endpoints, "ns", "web")?.subsets ?? [];
  assert.deepEqual(
    [subset?.addresses?.map(({ targetRef }) => targetRef?.uid), subset?.notReadyAddresses?.length],
    [[third.metadata.uid], 1],
  );
});

test("not-ready addresses are published where the service asks for them", async (t) => {
  const cluster = await startTestCluster();
  t.after(cluster.stop);
  await cluster.client.create(services, service({ publishNotReadyAddresses: true }));
  await cluster.client.create(deployments, webDeployment({ replicas: 1 }));
  await cluster.settle({ node: true });
  const [pod] = cluster.pods();
  assert.ok(pod);
  await cluster.setReady(pod, false);
  await cluster.settle();
  assert.deepEqual(slices(cluster)[0]?.endpoints?.[0]?.conditions, { ready: true, serving: false, terminating: false });
});

test("a service that goes takes its endpoints along; one without selector is left alone", async (t) => {
  const cluster = await startTestCluster();
  t.after(cluster.stop);
  const { selector: _, ...open } = service().spec;
  await cluster.client.create(services, { ...service(), spec: open });
  await cluster.settle();
  assert.equal(slices(cluster).length, 0);
  await cluster.client.mergePatch(services, "ns", "web", { spec: { selector: { app: "web" } } });
  await cluster.settle();
  assert.equal(slices(cluster).length, 1);
  await cluster.client.delete(services, "ns", "web");
  await cluster.settle();
  assert.deepEqual([slices(cluster), cluster.client.list(endpoints, "ns")], [[], []]);
});

test("a slice holds a hundred endpoints, and what is there stays where it is", () => {
  const endpointsOf = (from: number, to: number): Slice["endpoints"] & object =>
    Array.from({ length: to - from }, (_, index) => ({ addresses: [`10.0.${from + index}`] }));
  const ports = [{ name: "", protocol: "TCP", port: 80 }];
  const first = planSlices(service(), [{ ports, endpoints: endpointsOf(0, 150) }], [], undefined);
  assert.deepEqual(
    first.create.map(({ endpoints }) => endpoints?.length),
    [100, 50],
  );
  const moved = planSlices(service(), [{ ports, endpoints: endpointsOf(120, 160) }], first.create, undefined);
  assert.deepEqual([moved.create.length, moved.update.length, moved.remove.length], [0, 1, 1]);
  assert.equal(moved.update[0]?.endpoints?.length, 40);
  const gone = planSlices(service(), [], first.create, undefined);
  assert.deepEqual([gone.update[0]?.endpoints, gone.update[0]?.ports, gone.remove.length], [null, null, 1]);
});
