import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeObject } from "../../client.ts";
import { deployments, pods, type Pod } from "../objects.ts";
import { bare, startTestCluster, webDeployment, webTemplate } from "../cluster-in-test.ts";
import { quotaRefusal, type Quota } from "./usage.ts";

const quotas = { group: "", resource: "resourcequotas" };

function quotaOf(hard: Record<string, string>): Quota {
  return { ...bare("v1", "ResourceQuota", "q"), metadata: { name: "q", namespace: "ns" }, spec: { hard } };
}

function podOf(requests?: Record<string, string>): Pod {
  const container = { name: "web", image: "web:1", ...(requests && { resources: { requests } }) };
  return { ...bare("v1", "Pod", "p"), spec: { containers: [container] } };
}

test("a quota counts what is there and follows what comes and goes", async (t) => {
  const cluster = await startTestCluster();
  t.after(cluster.stop);
  await cluster.client.create(
    quotas,
    quotaOf({ configmaps: "3", pods: "5", "requests.cpu": "1", "count/deployments.apps": "9" }),
  );
  const { metadata, spec } = webTemplate("web:1");
  const containers = (spec?.containers ?? []).map((one) => ({ ...one, resources: { requests: { cpu: "200m" } } }));
  const template = { ...(metadata && { metadata }), spec: { containers } };
  await cluster.client.create(deployments, webDeployment({ replicas: 2, template }));
  await cluster.settle({ node: true });
  const used = (): unknown => cluster.client.get<Quota>(quotas, "ns", "q")?.status?.used;
  assert.deepEqual(used(), { configmaps: "1", "count/deployments.apps": "1", pods: "2", "requests.cpu": "400m" });
  const configMaps = { group: "", resource: "configmaps" };
  const object: KubeObject = { ...bare("v1", "ConfigMap", "a"), metadata: { name: "a", namespace: "ns" } };
  const { metadata: made } = await cluster.client.create(configMaps, object);
  const quota = cluster.client.get<Quota>(quotas, "ns", "q");
  assert.equal(quota?.status?.used?.["configmaps"], "2");
  assert.ok(Number(quota.metadata.resourceVersion) < Number(made.resourceVersion), "taken before the object is there");
  await cluster.client.delete(deployments, "ns", "web", { propagation: "Background" });
  await cluster.settle({ node: true });
  assert.deepEqual(used(), { configmaps: "2", "count/deployments.apps": "0", pods: "0", "requests.cpu": "0" });
});

test("what exceeds a quota is refused in Kubernetes' words", () => {
  const quota = quotaOf({ pods: "1", "requests.cpu": "200m", configmaps: "3" });
  const used = { pods: "1", "requests.cpu": "100m", configmaps: "0" };
  const refusal = (pod: Pod, before = used): string | undefined => quotaRefusal(quota, before, pods, pod);
  assert.equal(refusal(podOf()), "failed quota: q: must specify requests.cpu for: web");
  assert.equal(
    refusal(podOf({ cpu: "150m" })),
    "exceeded quota: q, requested: pods=1,requests.cpu=150m, used: pods=1,requests.cpu=100m, limited: pods=1,requests.cpu=200m",
  );
  assert.equal(refusal(podOf({ cpu: "100m" }), { ...used, pods: "0" }), undefined);
});
