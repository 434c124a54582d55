import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { Kube } from "../io/kube/kube.ts";
import type { Application } from "../model/application.ts";
import { refOf } from "../model/kube-object.ts";
import type { KubeObject } from "../model/kube-object.ts";
import type { Manifest } from "../model/manifest.ts";
import { refKey } from "../model/object-ref.ts";
import type { ObjectRef } from "../model/object-ref.ts";
import type { Plan } from "../model/plan.ts";
import { driftOf } from "../plan/drift.ts";
import { withProofs } from "../plan/equivalence.ts";
import type { Equivalence } from "../plan/equivalence.ts";
import { planChanges } from "../plan/plan-changes.ts";
import { renderFiles } from "../render/render.ts";
import { defaultPolicy } from "../source/policy.ts";
import { apply } from "./apply.ts";
import { readInventory } from "./inventory-store.ts";
import { waysOfWriting } from "./ways-of-writing-in-test.ts";

/** What the API server makes of ways of writing that are not its own: runs as tests, each in a namespace that goes with it. */
export function normalForms(server: string, open: (t: TestContext) => Promise<Kube>): void {
  void test(`${server}: what it writes in its own way is no drift, neither to this engine nor to one that starts anew`, async (t) => {
    const kube = await open(t);
    await inApplication(kube, async (application) => {
      for (const [what, yaml] of Object.entries(waysOfWriting)) {
        await t.test(what, () => settles(kube, application, yaml));
      }
    });
  });
}

async function inApplication(kube: Kube, body: (application: Application) => Promise<void>): Promise<void> {
  const namespaces = await kube.resource("v1", "Namespace");
  assert.ok(namespaces.ok && namespaces.value);
  const name = `forms-${randomBytes(4).toString("hex")}`;
  const made = await kube.create(namespaces.value, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  assert.ok(made.ok, JSON.stringify(made));
  try {
    await body({
      id: `staging/${name}`,
      name,
      environment: "staging",
      path: `staging/${name}`,
      namespace: name,
      allowClusterKinds: ["apiextensions.k8s.io/CustomResourceDefinition"],
      rollout: defaultPolicy,
      health: [],
      after: [],
      allowEmpty: false,
    });
  } finally {
    await kube.delete(namespaces.value, "", name);
  }
}

/** As few passes as these settle what the server and its controllers write after the first. */
const passesAtMost = 4;

async function settles(kube: Kube, application: Application, yaml: string): Promise<void> {
  const rendered = renderFiles([{ path: "all.yaml", content: Buffer.from(yaml) }], application);
  assert.ok(rendered.ok, JSON.stringify(rendered));
  const desired = rendered.value;
  const first = await pass(kube, application, desired, new Map());
  assert.equal(first.plan.apply.length, desired.length);
  await calm(kube, application, desired, first.proved);
  // An engine that starts anew has proved nothing yet: it asks, and is told.
  await calm(kube, application, desired, new Map());
}

/** Passes until one plans nothing; none of them may take the server's way of writing for drift. */
async function calm(kube: Kube, application: Application, desired: readonly Manifest[], known: Equivalence) {
  let proved = known;
  const asked: string[] = [];
  for (let count = 0; count < passesAtMost; count += 1) {
    const { plan, applied, proved: next } = await pass(kube, application, desired, proved);
    if (plan.apply.length === 0) return;
    asked.push(...plan.apply.map(({ why }) => why));
    const answers = new Map(applied.objects.map((object) => [refKey(refOf(object)), object]));
    for (const { manifest, live } of plan.apply) {
      const answer = answers.get(refKey(manifest.ref)) ?? live;
      const left = (of: KubeObject | undefined) => driftOf(manifest, of).flatMap(({ fields }) => fields);
      assert.deepEqual(
        left(live).filter((field) => !left(answer).includes(field)),
        [],
        "it is taken for drift",
      );
    }
    proved = next;
  }
  assert.fail(`still planned: ${asked.join(" | ")}`);
}

async function pass(kube: Kube, application: Application, desired: readonly Manifest[], proved: Equivalence) {
  const plan = await planned(kube, application, desired, proved);
  const applied = await apply(kube, plan, { namespace: application.namespace });
  assert.ok(applied.ok, JSON.stringify(applied.ok ? "" : applied.problems));
  return { plan, applied, proved: withProofs(proved, plan, applied) };
}

async function planned(
  kube: Kube,
  application: Application,
  desired: readonly Manifest[],
  proved: Equivalence,
): Promise<Plan> {
  const live = await liveOf(kube, desired);
  const inventory = await readInventory(kube, application.namespace, application.id);
  return planChanges(desired, (ref: ObjectRef) => live.get(refKey(ref)), inventory, proved);
}

async function liveOf(kube: Kube, desired: readonly Manifest[]): Promise<ReadonlyMap<string, KubeObject>> {
  const live = new Map<string, KubeObject>();
  for (const { ref, object } of desired) {
    const found = await kube.resource(object.apiVersion, object.kind);
    assert.ok(found.ok && found.value, `${object.kind} is served`);
    const answer = await kube.get(found.value, ref.namespace, ref.name);
    if (answer.ok) live.set(refKey(ref), answer.value);
  }
  return live;
}
