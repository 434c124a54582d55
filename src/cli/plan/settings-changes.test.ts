import assert from "node:assert/strict";
import { test } from "node:test";
import type { Application } from "../../model/application.ts";
import { parseField } from "../../model/ignore-rule.ts";
import { defaultPolicy } from "../../source/policy.ts";
import { settingsChanges } from "./settings-changes.ts";

const shop: Application = {
  id: "staging/shop",
  name: "shop",
  environment: "staging",
  path: "staging/shop",
  namespace: "shop-staging",
  allowClusterKinds: [],
  rollout: defaultPolicy,
  health: [],
  after: [],
  allowEmpty: false,
};

test("settings are told in the form of delivery.yaml, and what an empty list says is said by none (V5)", () => {
  const canary = { share: 20, soakMs: 90_000 };
  const after = { ...shop, allowPrune: [], rollout: { ...defaultPolicy, deadlineMs: 30_000, canary } };
  assert.deepEqual(settingsChanges(shop, after), [
    { field: "rollout.canary", to: '{"share":"20%","soak":"1m30s"}' },
    { field: "rollout.deadline", from: "5m", to: "30s" },
  ]);
  assert.deepEqual(settingsChanges(after, { ...after, allowPrune: ["ConfigMap/old"] }), [
    { field: "allowPrune", from: "[]", to: '["ConfigMap/old"]' },
  ]);
});

test("a rule under ignore is told as people write it (V5)", () => {
  const fields = [
    "/spec/replicas",
    "spec.template.spec.containers[web].image",
    "spec.ports[*].nodePort",
    "metadata.labels['a.b/c']",
  ];
  const rule = { kind: "Deployment", name: "web-*", fields: fields.map((field) => parseField(field) ?? []) };
  const where = { file: "staging/shop/delivery.yaml" };
  const [change] = settingsChanges(shop, { ...shop, ignore: [{ ...rule, where }] });
  const told = ["spec.replicas", fields[1], fields[2], 'metadata.labels["a.b/c"]'];
  assert.deepEqual(JSON.parse(change?.to ?? ""), [{ kind: "Deployment", name: "web-*", fields: told }]);
});
