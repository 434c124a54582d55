import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import type { Plan } from "../model/plan.ts";
import { sampleManifest } from "../model/sample-manifest-in-test.ts";
import { samplePlan } from "../model/sample-plan-in-test.ts";
import { isProved, withProofs } from "./equivalence.ts";

const ref = { group: "", kind: "ConfigMap", namespace: "", name: "c" };
const object: KubeObject = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c" }, data: { a: "1000m" } };

function plan(live?: KubeObject): Plan {
  const step = { action: "configure", stage: "configuration", manifest: sampleManifest(object), why: "" } as const;
  return samplePlan({ apply: [{ ...step, ...(live && { live }) }] });
}

function answer(a: string, applied = true): KubeObject {
  const fieldsV1 = { "f:data": { "f:a": {} } };
  const managedFields = [{ manager: applied ? "plumbline" : "other", operation: "Apply", apiVersion: "v1", fieldsV1 }];
  return { ...object, metadata: { name: "c", managedFields }, data: { a } };
}

test("only an answer in which something still differs is a proof", () => {
  assert.equal(withProofs(new Map(), plan(), { objects: [answer("1")], equal: [] }).size, 1);
  assert.equal(withProofs(new Map(), plan(), { objects: [answer("1000m")], equal: [] }).size, 0);
  assert.equal(withProofs(new Map(), plan(), { objects: [answer("1", false)], equal: [] }).size, 0);
  assert.equal(withProofs(new Map(), plan(answer("1")), { objects: [], equal: [] }).size, 0);
  assert.equal(withProofs(new Map(), plan(answer("1")), { objects: [], equal: [ref] }).size, 1);
});

test("the same differences prove the same, in whatever order their members came", () => {
  const of = (live: Json) => [{ kind: "value", path: ["f:data"], desired: 1, live } as const];
  const found = of({ a: 1, b: { c: 2, d: 3 }, e: 4 });
  const known = new Map([[`/ConfigMap//c`, ""]]);
  assert.equal(isProved(known, ref, found), false);
  const proofs = withProofs(new Map(), plan(), { objects: [answer("1")], equal: [] });
  const again = [{ kind: "value", path: ["f:data", "f:a"], desired: "1000m", live: "1" } as const];
  assert.equal(isProved(proofs, ref, again), true);
  const { kind, path, desired, live } = again[0]!;
  assert.equal(isProved(proofs, ref, [{ live, desired, path, kind }]), true);
  assert.equal(isProved(proofs, ref, [{ kind, path, desired, live: "2" }]), false);
});
