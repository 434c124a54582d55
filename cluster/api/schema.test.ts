import assert from "node:assert/strict";
import { test } from "node:test";
import { schemaOf } from "./schema.ts";

test("a reference is resolved, and what stands beside it wins", () => {
  const spec = schemaOf("apps", "v1", "Deployment")?.property("spec");
  assert.equal(spec?.property("template")?.property("spec")?.property("containers")?.patchMergeKey, "name");
  assert.deepEqual(spec?.required, ["selector", "template"]);
});

test("merge keys, list types and atomic maps are as published", () => {
  const service = schemaOf("", "v1", "Service")?.property("spec");
  assert.deepEqual(service?.property("ports")?.listMapKeys, ["port", "protocol"]);
  assert.equal(service?.property("ports")?.items?.property("protocol")?.default, "TCP");
  assert.equal(service?.property("selector")?.mapType, "atomic");
  assert.equal(service?.property("selector")?.field("any")?.type, "string");
});

test("schemas that contain themselves are walked as deep as asked", () => {
  const crd = schemaOf("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
  let node = crd?.property("spec")?.property("versions")?.items?.property("schema")?.property("openAPIV3Schema");
  for (let depth = 0; depth < 20; depth += 1) node = node?.property("properties")?.field("x");
  assert.equal(node?.property("type")?.type, "string");
});

test("free-form places are told from closed ones", () => {
  const metadata = schemaOf("", "v1", "ConfigMap")?.property("metadata");
  assert.equal(metadata?.property("managedFields")?.items?.property("fieldsV1")?.freeForm, true);
  assert.equal(metadata?.property("labels")?.freeForm, false);
  assert.equal(schemaOf("", "v1", "Nothing"), undefined);
});
