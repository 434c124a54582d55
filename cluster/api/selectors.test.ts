import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError, type KubeObject } from "../client.ts";
import { ResourceTable } from "./resource-table.ts";
import { labelSelector } from "./label-selector.ts";
import { fieldSelector } from "./selectors.ts";

function labelled(labels: Record<string, string>): KubeObject {
  return { apiVersion: "v1", kind: "Thing", metadata: { name: "a", labels } };
}

test("label selectors choose by equality, sets, presence and order", () => {
  const object = labelled({ app: "x", tier: "web", weight: "5" });
  const chosen = [
    "app=x",
    "app==x",
    "app!=y",
    "app",
    "!other",
    "app in (x, y)",
    "tier notin (db)",
    "app=x,tier=web",
    "weight>4",
  ];
  for (const text of chosen) assert.equal(labelSelector(text)(object), true, text);
  for (const text of ["app=y", "!app", "app in ()", "app=", "app=x,tier=db", "weight<5", "none>1"]) {
    assert.equal(labelSelector(text)(object), false, text);
  }
});

test("a wrong label selector is refused in Kubernetes' words", () => {
  const messages = {
    "a b": "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt",
    "app=x y": "found 'y', expected: ',' or 'end of string'",
    ",": "found ',', expected: !, identifier, or 'end of string'",
    "=x": "found '=', expected: !, identifier, or 'end of string'",
    "a=b,": "found '', expected: identifier after ','",
    "a,,b": "found ',', expected: identifier after ','",
    "!": "unable to parse requirement: found '', expected: identifier",
    "a===b": "unable to parse requirement: found '=', expected: identifier",
    "a=(b)": "unable to parse requirement: found '(', expected: identifier",
    "a in b": "unable to parse requirement: found 'b' expected: '('",
    "a in (b c)": "unable to parse requirement: found 'c', expected: ',' or ')'",
    "a in (b": "unable to parse requirement: found '', expected: ',' or ')'",
    "a>b": `unable to parse requirement: values[0]: Invalid value: "b": for 'Gt', 'Lt' operators, the value must be an integer`,
    [`a=${"b".repeat(64)}`]: `unable to parse requirement: values[0][a]: Invalid value: "${"b".repeat(64)}": must be no more than 63 characters`,
    [`x.io/${"a".repeat(64)}`]: `unable to parse requirement: <nil>: Invalid value: "x.io/${"a".repeat(64)}": name part must be no more than 63 characters`,
  };
  for (const [text, message] of Object.entries(messages)) {
    assert.throws(
      () => labelSelector(text),
      (error) => error instanceof ApiError && error.message === message,
      text,
    );
  }
});

test("field selectors know the fields of their kind", () => {
  const pods = new ResourceTable().find("", "v1", "pods");
  assert.ok(pods);
  const pod: KubeObject = { apiVersion: "v1", kind: "Pod", metadata: { name: "a" }, status: { phase: "Running" } };
  const fits = (text: string): boolean => fieldSelector(pods, text)(pod);
  assert.deepEqual(
    [
      "status.phase=Running",
      "status.phase!=Running",
      "spec.nodeName=",
      "metadata.name=b",
      "spec.hostNetwork=false",
    ].map(fits),
    [true, false, true, false, true],
  );
  assert.throws(() => fits("status.foo=1"), /field label not supported: status\.foo/);
});
