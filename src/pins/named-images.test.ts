import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import type { Manifest } from "../model/manifest.ts";
import { groupOf } from "../model/object-ref.ts";
import { namedImages } from "./named-images.ts";

function manifest(apiVersion: string, kind: string, rest: JsonObject): Manifest {
  const object = { apiVersion, kind, metadata: { name: "x" }, ...rest } as KubeObject;
  return { ref: { group: groupOf(apiVersion), kind, namespace: "n", name: "x" }, object, where: { file: "x.yaml" } };
}

const said = (...manifests: readonly Manifest[]): readonly string[] =>
  namedImages(manifests).map(({ user, image }) => `${user}: ${image}`);

const pod: JsonObject = {
  containers: [
    { name: "app", image: "a:1", env: [{ name: "image", value: "not-one" }] },
    { name: "side", image: "b:1" },
  ],
  initContainers: [{ name: "wait", image: "c:1" }],
  ephemeralContainers: [{ name: "look", image: "d:1" }],
  volumes: [
    { name: "models", image: { reference: "e:1", pullPolicy: "Always" } },
    { name: "tmp", emptyDir: {} },
  ],
};
const ofPod = [
  "container app: a:1",
  "container side: b:1",
  "init container wait: c:1",
  "ephemeral container look: d:1",
];
const all = [...ofPod, "image volume models: e:1"];

test("every image of a pod is found in each kind that has pods, wherever its specification is (behaviour L5)", () => {
  assert.deepEqual(said(manifest("v1", "Pod", { spec: pod })), all);
  const template = { template: { spec: pod } };
  for (const kind of ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"]) {
    assert.deepEqual(said(manifest("apps/v1", kind, { spec: template })), all);
  }
  assert.deepEqual(said(manifest("batch/v1", "Job", { spec: template })), all);
  assert.deepEqual(said(manifest("batch/v1", "CronJob", { spec: { jobTemplate: { spec: template } } })), all);
  assert.deepEqual(said(manifest("v1", "PodTemplate", template)), all);
  assert.deepEqual(said(manifest("v1", "ReplicationController", { spec: template })), all);
  assert.deepEqual(said(manifest("argoproj.io/v1alpha1", "Rollout", { spec: template })), all);
  const jobs = { replicatedJobs: [{ name: "workers", template: { spec: template } }] };
  assert.deepEqual(said(manifest("jobset.x-k8s.io/v1alpha2", "JobSet", { spec: jobs })), all);
});

test("other kinds' own images count, and what is only called like one does not", () => {
  const prometheus = manifest("monitoring.coreos.com/v1", "Prometheus", { spec: { image: "p:1", containers: [] } });
  assert.deepEqual(said(prometheus), ["its image: p:1"]);
  const nested = { spec: { containers: [{ name: "app", image: "a:1", debug: { image: "h:1" } }] } };
  assert.deepEqual(said(manifest("example.test/v1", "App", nested)), ["container app: a:1", "its image: h:1"]);
  const containers = [{ name: "a", image: "data:1" }];
  assert.deepEqual(said(manifest("v1", "ConfigMap", { data: { image: "x" }, containers })), []);
  assert.deepEqual(said(manifest("v1", "Secret", { stringData: { image: "x" } })), []);
  const schema = { spec: { versions: [{ schema: { properties: { image: { type: "string" } } } }] } };
  assert.deepEqual(said(manifest("apiextensions.k8s.io/v1", "CustomResourceDefinition", schema)), []);
  const service = manifest("v1", "Service", { spec: { selector: { image: "x" } } });
  assert.deepEqual(said(service), []);
});

test("a container that names no image, and lists of other things, are passed over", () => {
  const odd = { containers: ["text", null, { name: "a" }, { image: "a:1" }, { name: "b", image: 3 }], volumes: "none" };
  assert.deepEqual(said(manifest("v1", "Pod", { spec: odd })), ["container: a:1"]);
});
