import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Health } from "../model/health.ts";
import type { Json } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { computeHealth } from "./compute.ts";

function object(apiVersion: string, kind: string, status?: Json, metadata: object = {}): KubeObject {
  const bare = { apiVersion, kind, metadata: { name: "it", namespace: "shop", ...metadata } };
  return status === undefined ? bare : { ...bare, status };
}

function word({ status, reason }: Health): string {
  return `${status} ${reason}`;
}

test("an object that is being deleted is Terminating, whatever its status says", () => {
  const ready = { conditions: [{ type: "Ready", status: "True" }] };
  const going = object("shop.example/v1", "Cart", ready, { deletionTimestamp: "2026-01-01T00:00:00Z" });
  assert.equal(word(computeHealth(going)), "Terminating Deleted");
});

test("a status of another generation is never healthy (R1)", () => {
  const status = { observedGeneration: 1, conditions: [{ type: "Ready", status: "True" }] };
  assert.deepEqual(computeHealth(object("shop.example/v1", "Cart", status, { generation: 2 })), {
    status: "InProgress",
    reason: "LatestGenerationNotObserved",
    message: "its controller has not taken up the newest change yet (generation 2; its status is of generation 1)",
  });
  assert.equal(word(computeHealth(object("shop.example/v1", "Cart", status, { generation: 1 }))), "Current Ready");
  assert.equal(word(computeHealth(object("shop.example/v1", "Cart", status))), "Current Ready");
});

test("a generation that is written as text counts like a number", () => {
  const of = (observedGeneration: string): string =>
    word(
      computeHealth(object("shop.example/v1", "Cart", { observedGeneration, phase: "Healthy" }, { generation: 12 })),
    );
  assert.equal(of("12"), "Current CurrentByStatus");
  assert.equal(of("11"), "InProgress LatestGenerationNotObserved");
});

test("kinds that have moved to another group are judged as there", () => {
  for (const kind of ["Deployment", "DaemonSet", "ReplicaSet"]) {
    const one = object("extensions/v1beta1", kind, { replicas: 0 }, { generation: 1 });
    assert.equal(computeHealth(one).reason, computeHealth({ ...one, apiVersion: "apps/v1" }).reason, kind);
  }
  assert.equal(word(computeHealth(object("extensions/v1beta1", "Ingress", {}))), "InProgress NoAddress");
});

test("what is being deleted says whose finalizers it waits for", () => {
  const metadata = { deletionTimestamp: "2026-01-01T00:00:00Z", finalizers: ["cloud.example/volume"] };
  const { message } = computeHealth(object("v1", "Service", {}, metadata));
  assert.equal(message, "it is being deleted; it goes when its finalizers are removed: cloud.example/volume");
});

test("a Ready condition that speaks of an older generation is not healthy (R1)", () => {
  const status = { conditions: [{ type: "Ready", status: "True", observedGeneration: 3 }] };
  const health = computeHealth(object("shop.example/v1", "Cart", status, { generation: 4 }));
  assert.equal(word(health), "InProgress LatestGenerationNotObserved");
});

test("a status that cannot be read is Unknown (R1)", () => {
  const unreadable: readonly Json[] = [
    "fine",
    [{ type: "Ready" }],
    { conditions: "Ready" },
    { conditions: ["Ready"] },
    { observedGeneration: "6c9f", conditions: [{ type: "Ready", status: "True" }] },
    { observedGeneration: true, conditions: [{ type: "Ready", status: "True" }] },
  ];
  for (const status of unreadable) {
    const health = computeHealth(object("shop.example/v1", "Cart", status, { generation: 1 }));
    assert.equal(word(health), "Unknown UnreadableStatus", JSON.stringify(status));
  }
});

test("custom kinds: Ready decides, Reconciling and Stalled go before it, silence is Unknown", () => {
  const cases: readonly (readonly [Json | undefined, string])[] = [
    [undefined, "Unknown NoStatus"],
    [null, "Unknown NoStatus"],
    [{}, "Unknown NoStatus"],
    [{ conditions: [] }, "Current Present"],
    [{ conditions: [{ type: "Other", status: "False" }] }, "Current Present"],
    [{ conditions: [{ type: "Ready", status: "True", reason: "AllOk" }] }, "Current AllOk"],
    [{ conditions: [{ type: "Ready", status: "False", reason: "Waiting" }] }, "InProgress Waiting"],
    [{ conditions: [{ type: "Ready", status: "Unknown" }] }, "InProgress NotReady"],
    [{ conditions: [{ type: "Reconciling", status: "True", reason: "Busy" }] }, "InProgress Busy"],
    [
      {
        conditions: [
          { type: "Ready", status: "True" },
          { type: "Stalled", status: "True", reason: "Stuck" },
        ],
      },
      "Failed Stuck",
    ],
  ];
  for (const [status, expected] of cases) {
    assert.equal(word(computeHealth(object("shop.example/v1", "Cart", status))), expected, JSON.stringify(status));
  }
});

test("a custom kind that can have no status is healthy by being there, one that can is not", () => {
  const cart = object("shop.example/v1", "Cart");
  assert.equal(word(computeHealth(cart, { hasStatus: false })), "Current Present");
  assert.equal(word(computeHealth(cart, { hasStatus: true })), "Unknown NoStatus");
  const stuck = object("shop.example/v1", "Cart", {
    conditions: [{ type: "Ready", status: "False", reason: "Waiting" }],
  });
  assert.equal(word(computeHealth(stuck, { hasStatus: false })), "InProgress Waiting");
  const web = object("apps/v1", "Deployment");
  assert.notEqual(computeHealth(web, { hasStatus: false }).status, "Current");
});

test("Kubernetes' own kinds without a status are healthy by being there, and no others", () => {
  const there = [
    "v1 ConfigMap",
    "v1 Secret",
    "v1 ServiceAccount",
    "rbac.authorization.k8s.io/v1 Role",
    "storage.k8s.io/v1 StorageClass",
  ];
  for (const [apiVersion = "", kind = ""] of there.map((text) => text.split(" "))) {
    assert.equal(word(computeHealth(object(apiVersion, kind))), "Current Present", kind);
  }
  for (const apiVersion of ["something/v1", "v1", "gateway.networking.k8s.io/v1"]) {
    assert.equal(word(computeHealth(object(apiVersion, "Unheard"))), "Unknown NoStatus", apiVersion);
  }
});

test("a Namespace is healthy when it is active, a claim when it is bound", () => {
  const cases: readonly (readonly [string, Json | undefined, string])[] = [
    ["Namespace", undefined, "InProgress NotActive"],
    ["Namespace", { phase: "Active" }, "Current Active"],
    ["Namespace", { phase: "Terminating" }, "Terminating Deleted"],
    ["PersistentVolumeClaim", undefined, "InProgress NotBound"],
    ["PersistentVolumeClaim", { phase: "Pending" }, "InProgress NotBound"],
    ["PersistentVolumeClaim", { phase: "Bound" }, "Current Bound"],
    ["PersistentVolumeClaim", { phase: "Lost" }, "Failed Lost"],
  ];
  for (const [kind, status, expected] of cases) {
    assert.equal(word(computeHealth(object("v1", kind, status))), expected, `${kind} ${JSON.stringify(status)}`);
  }
});

const ruled = [
  "v1 Pod",
  "v1 Namespace",
  "v1 PersistentVolumeClaim",
  "v1 ReplicationController",
  "apps/v1 Deployment",
  "apps/v1 ReplicaSet",
  "apps/v1 StatefulSet",
  "apps/v1 DaemonSet",
  "batch/v1 Job",
  "autoscaling/v2 HorizontalPodAutoscaler",
  "networking.k8s.io/v1 Ingress",
  "policy/v1 PodDisruptionBudget",
  "apiextensions.k8s.io/v1 CustomResourceDefinition",
  "apiregistration.k8s.io/v1 APIService",
].map((text) => text.split(" ") as [string, string]);

test("no kind that has a status is healthy without one, not even scaled to zero (R1)", () => {
  for (const [apiVersion, kind] of ruled) {
    for (const replicas of [0, 1]) {
      const health = computeHealth({ ...object(apiVersion, kind), spec: { replicas } });
      assert.notEqual(health.status, "Current", kind);
      assert.notEqual(health.final, true, kind);
    }
  }
});

test("any JSON in the place of a status is judged without a throw, and a stale one is never Current (R1)", () => {
  const kinds = fc.constantFrom(...ruled, ["v1", "Service"], ["batch/v1", "CronJob"], ["shop.example/v1", "Cart"]);
  fc.assert(
    fc.property(
      kinds,
      fc.jsonValue({ maxDepth: 4 }),
      fc.integer({ min: 1, max: 3 }),
      ([apiVersion, kind], any, seen) => {
        const whole = object(apiVersion, kind, any, { generation: 2 });
        assert.ok(computeHealth(whole).message !== "");
        const status = typeof any === "object" && !Array.isArray(any) ? { ...any, observedGeneration: seen } : any;
        const health = computeHealth(object(apiVersion, kind, status, { generation: 4 }));
        if (typeof status === "object" && status !== null) assert.notEqual(health.status, "Current");
      },
    ),
    { numRuns: 300 },
  );
});
