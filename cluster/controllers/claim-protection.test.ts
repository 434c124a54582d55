import assert from "node:assert/strict";
import { test } from "node:test";
import { pods } from "./objects.ts";
import { bare, startTestCluster } from "./cluster-in-test.ts";

const claims = { group: "", resource: "persistentvolumeclaims" };

test("a claim that is deleted stays until the pod that uses it has gone", async (t) => {
  const cluster = await startTestCluster();
  t.after(cluster.stop);
  const metadata = { namespace: "ns" };
  const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
  const claim = { ...bare("v1", "PersistentVolumeClaim", "c"), metadata: { ...metadata, name: "c" }, spec };
  const volumes = [{ name: "v", persistentVolumeClaim: { claimName: "c" } }];
  const pod = {
    ...bare("v1", "Pod", "p"),
    metadata: { ...metadata, name: "p" },
    spec: { containers: [{ name: "c", image: "i" }], volumes },
  };
  await cluster.client.create(claims, claim);
  await cluster.client.create(pods, pod);
  await cluster.client.delete(claims, "ns", "c");
  await cluster.settle();
  assert.ok(cluster.client.get(claims, "ns", "c")?.metadata.deletionTimestamp);
  await cluster.client.delete(pods, "ns", "p");
  await cluster.settle();
  assert.equal(cluster.client.get(claims, "ns", "c"), undefined);
});
