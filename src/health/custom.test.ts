import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { packageFile } from "../cli/package-root.ts";
import type { HealthRule } from "../model/health-rule.ts";
import type { JsonObject } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { healthSchema } from "../source/health-schema.ts";
import { computeHealth } from "./compute.ts";

const of = { apiVersion: "example.org/v1", kind: "Database" };

function judged(rule: Omit<HealthRule, "apiVersion" | "kind">, members: JsonObject): string {
  const object = { ...of, ...members } as KubeObject;
  const { status, message } = computeHealth(object, { rules: [{ ...of, ...rule }] });
  return `${status}: ${message}`;
}

test("a stale generation goes first, then inProgress, failed and current", () => {
  const rule = {
    inProgress: "status.phase == 'Creating'",
    failed: "status.phase == 'Lost'",
    current: "status.replicas + 1 == spec.replicas + 1",
  };
  const spec = { replicas: 2 };
  const at = (status: JsonObject, metadata: JsonObject = {}): string => judged(rule, { metadata, spec, status });
  assert.match(at({ phase: "Up", replicas: 2 }), /^Current/);
  assert.match(at({ phase: "Up", replicas: 1 }), /^InProgress: it is not current yet/);
  assert.match(at({ phase: "Creating", replicas: 2 }), /^InProgress: it is in progress/);
  assert.match(at({ phase: "Lost", replicas: 2 }), /^Failed/);
  assert.match(
    at({ phase: "Lost", observedGeneration: 1 }, { generation: 2 }),
    /^InProgress: its controller has not taken up the newest change/,
  );
  assert.match(at({ phase: "Up", replicas: 2 }, { deletionTimestamp: "2026-01-01T00:00:00Z" }), /^Terminating/);
});

test("a verdict that is not good carries what the object itself says of it", () => {
  const rule = { failed: "status.phase == 'Lost'", current: "status.phase == 'Up'" };
  const lost = { status: { phase: "Lost", message: "the disk is gone" } };
  assert.match(judged(rule, lost), /^Failed: .*rule for its kind: its status.phase is Lost: the disk is gone$/);
  const status = { phase: "Up?", conditions: [{ type: "Ready", status: "False", message: "two are down" }] };
  assert.match(judged(rule, { status }), /^InProgress: it is not current yet, by the rule for its kind: two are down$/);
});

test("what cannot be answered is Unknown, and says which expression and why", () => {
  const rule = { current: "status.ready" };
  assert.match(judged(rule, {}), /^Unknown: its rule's current, status\.ready, cannot be answered: .*status$/);
  assert.match(judged(rule, { status: { ready: "yes" } }), /^Unknown: .*neither true nor false/);
});

test("a rule counts for its own version and kind alone, and goes before a built-in one", () => {
  const rule = { apiVersion: "v1", kind: "PersistentVolumeClaim", current: "status.phase == 'Pending'" };
  const claim = {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "a" },
    status: { phase: "Pending" },
  };
  assert.equal(computeHealth(claim).status, "InProgress");
  assert.equal(computeHealth(claim, { rules: [rule] }).status, "Current");
  assert.equal(computeHealth(claim, { rules: [{ ...rule, apiVersion: "v2" }] }).status, "InProgress");
});

interface Case {
  readonly name: string;
  readonly exprs: { readonly current?: string; readonly inProgress?: string; readonly failed?: string };
  readonly object?: JsonObject;
  readonly expectedStatus?: string;
}

const fixture = packageFile("..", "shared", "fixtures", "health", "cel-health-cases.json");
const skip = existsSync(fixture) ? false : "the cases that others wrote are not at hand";

test("Flux's own cases agree: what it cannot compile is refused, what it cannot evaluate is Unknown", { skip }, () => {
  const cases = JSON.parse(readFileSync(fixture, "utf8")) as readonly Case[];
  assert.equal(cases.length, 24);
  for (const { name, exprs, object, expectedStatus } of cases) {
    const isTaken = healthSchema.safeParse([{ ...of, ...exprs }]).success;
    if (object === undefined) {
      assert.equal(isTaken, !/required|errors/.test(name), name);
      continue;
    }
    assert.ok(isTaken || exprs.current === undefined, name);
    const rule = { ...exprs, current: exprs.current ?? "false" };
    assert.equal(judged(rule, object).split(":")[0], expectedStatus ?? "Unknown", name);
  }
});
