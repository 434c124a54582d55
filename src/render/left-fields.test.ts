import assert from "node:assert/strict";
import { test } from "node:test";
import type { IgnoreRule } from "../model/ignore-rule.ts";
import { sampleApplication } from "../source/sample-application-in-test.ts";
import { renderFiles } from "./render.ts";

const where = { file: "staging/shop/delivery.yaml" };
const rule = { kind: "Deployment", name: "*", fields: [["spec", "replicas"]] };

function rendered(yaml: string, ignore: readonly IgnoreRule[] = []) {
  return renderFiles(
    [{ path: "all.yaml", content: Buffer.from(yaml) }],
    sampleApplication({ namespace: "shop", ignore }),
  );
}

function ignored(yaml: string, ignore: readonly IgnoreRule[] = []) {
  const result = rendered(yaml, ignore);
  assert.ok(result.ok, JSON.stringify(result));
  return Object.fromEntries(result.value.map((one) => [one.ref.name, one.ignored]));
}

const deployments = ["web", "web-2", "other"]
  .map((name) => `apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: ${name} }\nspec: { replicas: 2 }\n`)
  .join("---\n");

test("rules fit by kind, with or without its group, and by a name in which a star stands for any text", () => {
  const left = [{ steps: ["spec", "replicas"] }];
  assert.deepEqual(ignored(deployments), { web: undefined, "web-2": undefined, other: undefined });
  assert.deepEqual(ignored(deployments, [rule]), { web: left, "web-2": left, other: left });
  const some = { web: undefined, "web-2": left, other: undefined };
  assert.deepEqual(ignored(deployments, [{ ...rule, kind: "apps/Deployment", name: "web-*" }]), some);
  assert.deepEqual(ignored(deployments, [{ ...rule, name: "web-2" }]), some);
  assert.deepEqual(ignored(deployments, [{ ...rule, name: "we.*" }]), ignored(deployments));
  assert.deepEqual(ignored(deployments, [{ ...rule, name: "w*b*2" }]), { ...ignored(deployments), "web-2": left });
  assert.deepEqual(ignored(deployments, [{ ...rule, name: "web*b" }]), ignored(deployments));
  assert.deepEqual(ignored(deployments, [{ ...rule, name: "*e*r*" }]), { ...ignored(deployments), other: left });
  assert.deepEqual(ignored(deployments, [{ ...rule, kind: "example.org/Deployment" }]), ignored(deployments));
});

test("a name with many stars costs no more than it is long", () => {
  const name = `${"a".repeat(60)}c`;
  const yaml = `apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: ${name} }\nspec: { replicas: 2 }\n`;
  assert.deepEqual(ignored(yaml, [{ ...rule, name: `${"*a".repeat(30)}*b` }]), { [name]: undefined });
});

test("an application's own rule that fits nothing is refused, an environment's is not", () => {
  const wrong = { ...rule, kind: "Deploymnt", name: "web" };
  assert.ok(rendered(deployments, [wrong]).ok);
  assert.ok(rendered(deployments, [{ ...rule, where }]).ok);
  const refused = rendered(deployments, [{ ...wrong, where }]);
  assert.ok(!refused.ok);
  assert.deepEqual(
    refused.problems.map(({ code, message, where: at }) => [code, message, at]),
    [["ignore-fits-nothing", "ignore names Deploymnt web, and the application has no such object.", where]],
  );
});

const scaler = (target: string): string => `---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: scaler }
spec: { maxReplicas: 3, scaleTargetRef: ${target} }
`;

test("replicas that Git declares of what an autoscaler of the same revision scales are left to it", () => {
  const left = [{ steps: ["spec", "replicas"], leftTo: "HorizontalPodAutoscaler shop/scaler" }];
  const yaml = deployments + scaler("{ apiVersion: apps/v1, kind: Deployment, name: web }");
  assert.deepEqual(ignored(yaml), { web: left, "web-2": undefined, other: undefined, scaler: undefined });
  for (const target of [
    "{ apiVersion: apps/v1, kind: Deployment, name: nobody }",
    "{ apiVersion: apps/v1, kind: StatefulSet, name: web }",
    "{ apiVersion: example.org/v1, kind: Deployment, name: web }",
    "{ kind: Deployment, name: web }",
  ]) {
    assert.deepEqual(ignored(deployments + scaler(target))["web"], undefined, target);
  }
  const silent = yaml.replace("{ replicas: 2 }", "{ paused: false }");
  assert.deepEqual(ignored(silent)["web"], undefined, "what Git does not declare is the autoscaler's already");
});

test("a Secret's plain texts are declared as data, as the server would store them, and what is no text is left to it", () => {
  const data = (yaml: string) => {
    const result = rendered(`apiVersion: v1\nkind: Secret\nmetadata: { name: s }\n${yaml}`);
    assert.ok(result.ok);
    const { data: encoded, stringData } = result.value[0]!.object;
    return { data: encoded, stringData };
  };
  assert.deepEqual(data('stringData: { a: "grüße", b: "" }\ndata: { a: eA==, c: eA== }'), {
    data: { a: "Z3LDvMOfZQ==", b: "", c: "eA==" },
    stringData: undefined,
  });
  assert.deepEqual(data("stringData: { a: x }"), { data: { a: "eA==" }, stringData: undefined });
  assert.deepEqual(data("stringData: { a: x, b: 1 }"), { data: undefined, stringData: { a: "x", b: 1 } });
  assert.deepEqual(data("stringData: { a: x }\ndata: wrong"), { data: "wrong", stringData: { a: "x" } });
  assert.deepEqual(data("data: { a: eA== }"), { data: { a: "eA==" }, stringData: undefined });
  const custom = rendered("apiVersion: example.org/v1\nkind: Secret\nmetadata: { name: s }\nstringData: { a: x }");
  assert.ok(custom.ok);
  assert.deepEqual(custom.value[0]!.object["stringData"], { a: "x" }, "another kind of that name is not touched");
});
