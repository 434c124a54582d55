import assert from "node:assert/strict";
import { test } from "node:test";
import { formatProblem } from "../model/problem.ts";
import { applicationSchema, deliverySchema } from "./delivery-schema.ts";
import { toIgnoreRules } from "./ignore-schema.ts";
import { readConfiguration } from "../model/read-configuration.ts";

function problems(fields: string, kind = "Deployment", name = '"*"'): string {
  const text = `ignore:\n  - kind: ${kind}\n    name: ${name}\n    fields:\n      - ${fields}\n`;
  const result = readConfiguration("staging/shop/delivery.yaml", Buffer.from(text), applicationSchema);
  return result.ok ? "" : result.problems.map(formatProblem).join("\n");
}

test("fields are taken as records print them and as JSON pointers, by environment and by application", () => {
  for (const field of ["/spec/replicas", "spec.template.spec.containers[web].image", `'metadata.labels["team"]'`]) {
    assert.equal(problems(field), "");
  }
  assert.equal(problems("metadata.finalizers", "apps/Deployment", "web-*"), "");
  const root = "environments:\n  staging:\n    ignore: [{ kind: Service, fields: [/spec/clusterIP] }]\n";
  assert.ok(readConfiguration("delivery.yaml", Buffer.from(root), deliverySchema).ok);
});

test("a field that is none, or that cannot be left, is refused at its line", () => {
  const at = /^staging\/shop\/delivery\.yaml:5: ignore\[0\]\.fields\[0\]: /;
  for (const [field, why] of [
    ["/spec/containers/0/image", /must be a field such as/],
    ["kind", /is what the object is/],
    ["apiVersion", /is what the object is/],
    ["/status/phase", /is never Git's/],
    ["metadata", /only one label or annotation/],
    ["metadata.name", /only one label or annotation/],
    ["metadata.annotations", /only one label or annotation/],
    ["/metadata/labels/a/b", /only one label or annotation/],
    ["'metadata.labels[x]'", /only one label or annotation/],
    [`'metadata.labels["plumbline.dev/application"]'`, /is Plumbline's own/],
    [`'metadata.annotations["plumbline.dev/prune"]'`, /is Plumbline's own/],
  ] as const) {
    assert.match(problems(field), at, field);
    assert.match(problems(field), why, field);
  }
  assert.match(problems("/spec/replicas", "deployment"), /^[^:]*:2: ignore\[0\]\.kind: must be Kind, or group\/Kind/);
  assert.match(problems("/spec/replicas", "Deployment", "Web"), /^[^:]*:3: ignore\[0\]\.name: must be a name/);
});

test("a rule without a name is of all objects of the kind; an application's own says where it stands", () => {
  const parsed = [{ kind: "Deployment", fields: ["/spec/replicas"] }];
  const rule = { kind: "Deployment", name: "*", fields: [["spec", "replicas"]] };
  assert.deepEqual(toIgnoreRules(parsed), [rule]);
  assert.deepEqual(toIgnoreRules([{ ...parsed[0]!, name: "web" }], "a/delivery.yaml"), [
    { ...rule, name: "web", where: { file: "a/delivery.yaml" } },
  ]);
});
