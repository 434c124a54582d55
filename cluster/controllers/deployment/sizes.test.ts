import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Deployment, ReplicaSet } from "../objects.ts";
import { webDeployment, webTemplate } from "../cluster-in-test.ts";
import { fenceposts, followSize, newestSize, shrinkOld, sizeOf, type Scaling } from "./sizes.ts";

type Limit = number | string;

function rolling(replicas: number, surge: Limit, unavailable: Limit): Deployment {
  const rollingUpdate = { maxSurge: surge, maxUnavailable: unavailable };
  return webDeployment({ replicas, strategy: { type: "RollingUpdate", rollingUpdate } });
}

function replicaSet(name: string, replicas: number, available = replicas, max?: number): ReplicaSet {
  const annotations = max === undefined ? {} : { "deployment.kubernetes.io/max-replicas": String(max) };
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: { name, uid: name, creationTimestamp: `2026-01-01T00:00:0${name.length}Z`, annotations },
    spec: { replicas, selector: {}, template: webTemplate(name) },
    status: { replicas, availableReplicas: available },
  };
}

function told(scalings: readonly Scaling[]): readonly string[] {
  return scalings.map(({ replicaSet, to }) => `${replicaSet.metadata.name ?? ""} ${sizeOf(replicaSet)}>${to}`);
}

test("percentages round up for the surge and down for what may be missing, and never both to nothing", () => {
  const rows: readonly (readonly [number, Limit, Limit, number, number])[] = [
    [3, "25%", "25%", 1, 0],
    [4, "25%", "25%", 1, 1],
    [10, "25%", "25%", 3, 2],
    [2, "100%", 0, 2, 0],
    [1, "0%", "25%", 0, 1],
    [3, 2, 5, 2, 3],
    [0, 1, 1, 1, 0],
  ];
  for (const [replicas, surge, unavailable, atMost, missing] of rows) {
    const deployment = rolling(replicas, surge, unavailable);
    assert.deepEqual(fenceposts(deployment), { surge: atMost, unavailable: missing }, `${replicas} ${surge}`);
  }
});

test("old pods that are not available go first, as far as enough stay", () => {
  const newest = replicaSet("new", 1, 0);
  const rows: readonly (readonly [readonly ReplicaSet[], readonly string[]])[] = [
    [[replicaSet("o", 3, 3)], []],
    [[replicaSet("o", 3, 1)], []],
    [[replicaSet("o", 4, 3)], ["o 4>3"]],
    [[replicaSet("o", 2, 2), replicaSet("oo", 2, 0)], ["oo 2>1"]],
    [[replicaSet("o", 0, 0)], []],
  ];
  for (const [old, expected] of rows) assert.deepEqual(told(shrinkOld(rolling(3, 1, 0), newest, old)), expected);
});

test("a change of size follows in proportion while two ReplicaSets have pods", () => {
  const half = [replicaSet("o", 6, 6, 12), replicaSet("new", 6, 6, 12)] as const;
  assert.deepEqual(told(followSize(rolling(20, "20%", 0), half[1], [half[0]])), ["new 6>12", "o 6>12"]);
  assert.deepEqual(told(followSize(rolling(5, "20%", 0), half[1], [half[0]])), ["o 6>3", "new 6>3"]);
  assert.deepEqual(told(followSize(rolling(0, 1, 0), half[1], [half[0]])), ["o 6>0", "new 6>0"]);
  assert.deepEqual(told(followSize(rolling(5, 1, 0), undefined, [replicaSet("o", 3)])), ["o 3>5"]);
});

/** One ReplicaSet of the model: what is wanted, its pods (true: available), and what its status says of them. */
interface Modelled {
  readonly name: string;
  size: number;
  pods: boolean[];
  status: { replicas: number; availableReplicas: number };
}

function viewOf({ name, size, status }: Modelled): ReplicaSet {
  return { ...replicaSet(name, size), status: { ...status } };
}

/** As the ReplicaSet controller: pods that are not available go first, and the status tells what was there before. */
function syncModel(model: Modelled): void {
  const sorted = model.pods.toSorted((a, b) => Number(b) - Number(a));
  model.status = { replicas: sorted.length, availableReplicas: sorted.filter(Boolean).length };
  const missing = Math.max(0, model.size - sorted.length);
  model.pods = [...sorted.slice(0, model.size), ...Array.from({ length: missing }, () => false)];
}

function rollModel(deployment: Deployment, newest: Modelled, old: readonly Modelled[]): void {
  const to = newestSize(deployment, newest.size, old.map(viewOf));
  if (to !== newest.size) {
    newest.size = to;
    return;
  }
  for (const scaling of shrinkOld(deployment, viewOf(newest), old.map(viewOf))) {
    const model = old.find(({ name }) => name === scaling.replicaSet.metadata.name);
    if (model) model.size = scaling.to;
  }
}

const limit = fc.oneof(
  fc.nat(8),
  fc.integer({ min: 0, max: 100 }).map((percent) => `${percent}%`),
);

test("however the controllers interleave, enough pods are available, never too many are there, and it ends", () => {
  const step = fc.record({ what: fc.constantFrom("roll", "sync", "ready"), which: fc.nat(2) });
  const shape = fc.record({
    replicas: fc.integer({ min: 1, max: 12 }),
    surge: limit,
    unavailable: limit,
    unready: fc.nat(3),
    steps: fc.array(step, { maxLength: 80 }),
  });
  fc.assert(
    fc.property(shape, ({ replicas, surge, unavailable, unready, steps }) => {
      const deployment = rolling(replicas, surge, unavailable);
      const bounds = fenceposts(deployment);
      const extra = Math.min(unready, bounds.surge);
      const models = [model("o", replicas, true), model("oo", extra, false), model("new", 0, true)] as const;
      const [, , newest] = models;
      const check = (): void => {
        const all = models.flatMap(({ pods }) => pods);
        assert.ok(all.length <= replicas + bounds.surge, "too many pods");
        assert.ok(all.filter(Boolean).length >= replicas - bounds.unavailable, "too few available pods");
      };
      const act = ({ what, which }: { readonly what: string; readonly which: number }): void => {
        const target = models[which] ?? newest;
        if (what === "roll") rollModel(deployment, newest, [models[0], models[1]]);
        else if (what === "sync") syncModel(target);
        else target.pods = target.pods.with(target.pods.length - 1, true).slice(0, target.pods.length);
        check();
      };
      for (const each of steps) if (each.what !== "ready" || (models[each.which]?.pods.length ?? 0) > 0) act(each);
      for (let round = 0; round < 6 * replicas + 6; round += 1) {
        for (const which of [0, 1, 2]) act({ what: "sync", which });
        const pending = newest.pods.indexOf(false);
        if (pending >= 0) newest.pods = newest.pods.with(pending, true);
        act({ what: "roll", which: 0 });
      }
      assert.deepEqual(
        models.map(({ size }) => size),
        [0, 0, sizeOf(deployment)],
      );
    }),
    { numRuns: 500 },
  );
});

function model(name: string, size: number, available: boolean): Modelled {
  const pods = Array.from({ length: size }, () => available);
  return { name, size, pods, status: { replicas: size, availableReplicas: available ? size : 0 } };
}
