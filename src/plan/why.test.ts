import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { explain } from "./why.ts";

const live: KubeObject = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c" } };
const said = (desired: Json, is: Json): string =>
  explain([{ kind: "value", path: ["f:spec", "f:a"], desired, live: is }], live);

test("values that fit a line are shown, others are only said to differ", () => {
  assert.equal(said(2, 1), "spec.a is 1, Git says 2");
  assert.equal(said("x", ""), 'spec.a is "", Git says x');
  assert.equal(said(true, null), "spec.a is null, Git says true");
  for (const [desired, is] of [
    [[1], 1],
    [1, [1]],
    [{ b: 1 }, 1],
    [1, { b: 1 }],
  ] as const) {
    assert.equal(said(desired, is), "spec.a differs from Git", JSON.stringify([desired, is]));
  }
  assert.equal(said("b".repeat(100), "a"), `spec.a is a, Git says ${"b".repeat(100)}`);
  assert.equal(said("b".repeat(101), "a"), `spec.a is a, Git says ${"b".repeat(99)}…`);
});

test("three fields are named, and of more how many", () => {
  const one = (n: number) => ({ kind: "surplus", path: ["f:spec", `f:a${n}`] }) as const;
  assert.equal(explain([1, 2, 3].map(one), live).split("; ").length, 3);
  assert.match(explain([1, 2, 3, 4].map(one), live), /a3 is not in Git any more; and 1 more$/);
});
