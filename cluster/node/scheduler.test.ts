import assert from "node:assert/strict";
import { test } from "node:test";
import type { PodSpec } from "kubernetes-types/core/v1.js";
import { unschedulable } from "./scheduler.ts";

const offer = { labels: { "kubernetes.io/os": "linux" }, allocatable: { cpu: 2, memory: 2 ** 30, pods: 3 } };

function spec(cpu: string, more: Partial<PodSpec> = {}): PodSpec {
  return { containers: [{ name: "web", resources: { requests: { cpu } } }], ...more };
}

test("A pod that fits is not refused, up to the last millicore", () => {
  assert.equal(unschedulable(spec("500m"), [spec("1"), spec("500m")], offer), undefined);
  assert.equal(unschedulable(spec("2", { nodeSelector: { "kubernetes.io/os": "linux" } }), [], offer), undefined);
});

test("More than the node has is refused in the scheduler's words", () => {
  assert.equal(
    unschedulable(spec("100"), [], offer),
    "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available: " +
      "1 Preemption is not helpful for scheduling.",
  );
});

test("What fits only when others leave says that nobody can be put out", () => {
  assert.match(
    unschedulable(spec("501m"), [spec("1"), spec("500m")], offer) ?? "",
    /1 Insufficient cpu\..* 1 No preemption victims found for incoming pod\.$/,
  );
  assert.match(unschedulable(spec("1m"), [spec("1m"), spec("1m"), spec("1m")], offer) ?? "", /1 Too many pods\./);
});

test("A taint keeps off all that do not tolerate it", () => {
  const tainted = { ...offer, taints: [{ key: "dedicated", value: "db", effect: "NoSchedule" }] };
  assert.match(
    unschedulable(spec("1m"), [], tainted) ?? "",
    /: 1 node\(s\) had untolerated taint \{dedicated: db\}\. no new/,
  );
  for (const toleration of [{ operator: "Exists" }, { key: "dedicated", value: "db", effect: "NoSchedule" }]) {
    assert.equal(unschedulable(spec("1m", { tolerations: [toleration] }), [], tainted), undefined);
  }
  assert.ok(unschedulable(spec("1m", { tolerations: [{ key: "dedicated", value: "web" }] }), [], tainted));
  const cordoned = { ...offer, taints: [{ key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" }] };
  assert.match(unschedulable(spec("1m"), [], cordoned) ?? "", /1 node\(s\) were unschedulable\./);
});

test("A selector or affinity that the node does not fit is refused", () => {
  const words = /^0\/1 nodes are available: 1 node\(s\) didn't match Pod's node affinity\/selector\. no new claims/;
  assert.match(unschedulable(spec("1m", { nodeSelector: { disk: "ssd" } }), [], offer) ?? "", words);
  const term = { matchExpressions: [{ key: "kubernetes.io/os", operator: "NotIn", values: ["linux"] }] };
  const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } } };
  assert.match(unschedulable(spec("1m", { affinity }), [], offer) ?? "", words);
});
