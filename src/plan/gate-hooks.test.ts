import assert from "node:assert/strict";
import { test } from "node:test";
import type { HealthStatus } from "../model/health.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { refOf } from "../model/kube-object.ts";
import type { Manifest } from "../model/manifest.ts";
import { gateHooks, withhold } from "./gate-hooks.ts";
import type { Gated } from "./gate-hooks.ts";
import { planChanges } from "./plan-changes.ts";

function manifest(apiVersion: string, kind: string, name: string, hook?: "before" | "after"): Manifest {
  const annotations = hook === undefined ? {} : { annotations: { "plumbline.dev/hook": hook } };
  const object: KubeObject = { apiVersion, kind, metadata: { name, namespace: "shop", ...annotations } };
  return { ref: refOf(object), object, where: { file: "all.yaml", line: 1 } };
}

const settings = manifest("v1", "ConfigMap", "settings");
const migrate = manifest("batch/v1", "Job", "migrate", "before");
const web = manifest("apps/v1", "Deployment", "web");
const smoke = manifest("batch/v1", "Job", "smoke", "after");
const all = [settings, migrate, web, smoke];

/** What is planned now and what is kept back, where the objects named are healthy and as Git says. */
function gated(current: readonly Manifest[], desired = all): Gated {
  const plan = planChanges(desired, () => undefined, { application: "staging/shop", entries: [] });
  const left = { ...plan, apply: plan.apply.filter(({ manifest: one }) => !current.includes(one)) };
  const healthOf = (one: Manifest) => {
    const status: HealthStatus = current.includes(one) ? "Current" : "NotFound";
    return { ref: one.ref, health: { status, reason: "", message: "" } };
  };
  return gateHooks(left, desired, () => ({ objects: desired.map(healthOf), pods: [] }));
}

function names({ plan }: Gated): string {
  const of = (steps: Gated["plan"]["apply"]): string => steps.map(({ manifest: { ref } }) => ref.name).join(" ");
  return `${of(plan.apply)} | ${of(plan.later)}`;
}

test("what a hook may need comes first, then hooks before, the rest, and hooks after", () => {
  assert.equal(names(gated([])), "settings migrate | web smoke");
  assert.equal(names(gated([settings])), "migrate | web smoke");
  assert.equal(names(gated([settings, migrate])), "web | smoke");
  assert.equal(names(gated([settings, migrate, web])), "smoke | ");
  assert.equal(names(gated(all)), " | ");
});

test("without hooks nothing is kept back, and nothing is looked at", () => {
  const plan = planChanges([settings, web], () => undefined, { application: "staging/shop", entries: [] });
  assert.deepEqual(
    gateHooks(plan, [settings, web], () => assert.fail()),
    { plan, withheld: new Map() },
  );
});

test("a hook after waits for what is as Git says and not healthy yet", () => {
  const plan = planChanges([smoke, web], () => undefined, { application: "staging/shop", entries: [] });
  const left = { ...plan, apply: plan.apply.filter(({ manifest: one }) => one === smoke) };
  const health = { status: "InProgress", reason: "", message: "" } as const;
  const { withheld } = gateHooks(left, [smoke, web], () => ({ objects: [{ ref: web.ref, health }], pods: [] }));
  assert.deepEqual([...withheld.values()], ["this hook runs once Deployment shop/web is healthy"]);
});

test("what is withheld is not healthy, though an older state of it is", () => {
  const health = { status: "Current", reason: "", message: "" } as const;
  const seen = { objects: [{ ref: web.ref, health }], pods: [] };
  const { objects } = withhold(seen, gated([settings]).withheld);
  assert.deepEqual(objects[0]?.health, {
    status: "InProgress",
    reason: "WaitingForHook",
    message: "it is applied once the hook Job shop/migrate is complete",
  });
  assert.deepEqual(withhold(seen, new Map()), seen);
});
