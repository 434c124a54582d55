import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeObject } from "../client.ts";
import { withDefaults } from "./defaults.ts";
import { type JsonMap, mapAt } from "./json.ts";
import { schemaOf } from "./schema.ts";

function defaulted(group: string, kind: string, spec: JsonMap): JsonMap {
  const apiVersion = group === "" ? "v1" : `${group}/v1`;
  const object: KubeObject = { apiVersion, kind, metadata: { name: "a" }, spec };
  return mapAt(withDefaults(schemaOf(group, "v1", kind), object), "spec");
}

const containersOf = (spec: JsonMap): readonly JsonMap[] => spec["containers"] as readonly JsonMap[];

test("the pull policy is by the image's tag", () => {
  const images = {
    "web:v1": "IfNotPresent",
    web: "Always",
    "web:latest": "Always",
    "host:5000/web": "Always",
    "web@sha256:0": "IfNotPresent",
  };
  for (const [image, policy] of Object.entries(images)) {
    const spec = defaulted("", "Pod", { containers: [{ name: "c", image }] });
    assert.equal(containersOf(spec)[0]?.["imagePullPolicy"], policy, image);
  }
});

test("probes, ports and limits are filled in", () => {
  const container = {
    name: "c",
    image: "web:v1",
    ports: [{ containerPort: 80 }],
    readinessProbe: { httpGet: { port: 80 }, periodSeconds: 2 },
    resources: { limits: { cpu: "1" } },
  };
  const [filled] = containersOf(defaulted("", "Pod", { containers: [container] }));
  assert.deepEqual(filled?.["readinessProbe"], {
    httpGet: { path: "/", port: 80, scheme: "HTTP" },
    timeoutSeconds: 1,
    periodSeconds: 2,
    successThreshold: 1,
    failureThreshold: 3,
  });
  assert.deepEqual(filled?.["ports"], [{ containerPort: 80, protocol: "TCP" }]);
  assert.deepEqual(filled?.["resources"], { limits: { cpu: "1" }, requests: { cpu: "1" } });
});

test("a service's target port is its port; a job runs once", () => {
  const service = defaulted("", "Service", { ports: [{ port: 80 }] });
  assert.deepEqual(service, {
    ports: [{ port: 80, targetPort: 80, protocol: "TCP" }],
    type: "ClusterIP",
    sessionAffinity: "None",
    internalTrafficPolicy: "Cluster",
  });
  const job = defaulted("batch", "Job", { template: { spec: { containers: [] } } });
  assert.deepEqual([job["completions"], job["parallelism"], job["backoffLimit"]], [1, 1, 6]);
});

test("what is complete is given back as it is", () => {
  const schema = schemaOf("", "v1", "ConfigMap");
  const object: KubeObject = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { k: "v" } };
  assert.equal(withDefaults(schema, object), object);
});
