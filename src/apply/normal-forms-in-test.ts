import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { Kube } from "../io/kube/kube.ts";
import type { Application } from "../model/application.ts";
import { valueAt } from "../model/json.ts";
import { refOf } from "../model/kube-object.ts";
import type { KubeObject } from "../model/kube-object.ts";
import type { Manifest } from "../model/manifest.ts";
import { refKey } from "../model/object-ref.ts";
import type { ObjectRef } from "../model/object-ref.ts";
import type { Plan } from "../model/plan.ts";
import { driftOf } from "../plan/drift.ts";
import { withProofs } from "../plan/equivalence.ts";
import type { Equivalence } from "../plan/equivalence.ts";
import { appliedFields } from "../plan/field-set.ts";
import { planChanges } from "../plan/plan-changes.ts";
import { renderFiles } from "../render/render.ts";
import { toIgnoreRules } from "../source/ignore-schema.ts";
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
  void test(`${server}: a field that is left to others is given once, kept when it is let go, and then theirs`, async (t) => {
    const kube = await open(t);
    await inApplication(kube, (application) => leftToOthers(kube, application));
  });
  void test(`${server}: an object that was there before is told from one that is created`, async (t) => {
    const kube = await open(t);
    await inApplication(kube, (application) => adopted(kube, application));
  });
}

const scaled = (image: string): string => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: scaled, annotations: { example.org/note: Git's } }
spec:
  replicas: 3
  selector: { matchLabels: { app: scaled } }
  template:
    metadata: { labels: { app: scaled } }
    spec:
      nodeSelector: { example.org/nowhere: "true" }
      containers: [{ name: app, image: "${image}" }, { name: other, image: "example.test/other:1" }]
`;

/** What a field that is left to others goes through: Git gives it once, and has no part in it from then on. */
async function leftToOthers(kube: Kube, base: Application): Promise<void> {
  const fields = [
    "/spec/replicas",
    'metadata.annotations["example.org/note"]',
    "spec.template.spec.containers[other].image",
  ];
  const application = { ...base, ignore: toIgnoreRules([{ kind: "Deployment", name: "sca*", fields }]) };
  const created = desiredOf(application, scaled("example.test/app:1"));
  const first = await pass(kube, application, created, new Map());
  await calm(kube, application, created, first.proved);
  const is = async () => (await liveOf(kube, created)).values().next().value ?? assert.fail("it is there");
  const given = await is();
  const seen = (object: KubeObject) => [
    valueAt(object["spec"], "replicas"),
    object.metadata.annotations?.["example.org/note"],
    valueAt(object["spec"], "template", "spec", "containers", 1, "image"),
  ];
  assert.deepEqual(seen(given), [3, "Git's", "example.test/other:1"], "what nobody else owned is kept");
  const owned = JSON.stringify(appliedFields(given, "apps/v1"));
  assert.doesNotMatch(owned, /f:replicas|example.org\/note/);
  assert.match(owned, /other/, "of the container only the image is left");

  const deployments = await kube.resource("apps/v1", "Deployment");
  assert.ok(deployments.ok && deployments.value);
  const theirs = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "scaled", namespace: application.namespace, annotations: { "example.org/note": "theirs" } },
    spec: { replicas: 5 },
  };
  const taken = await kube.apply(deployments.value, theirs, { fieldManager: "other", force: true, dryRun: false });
  assert.ok(taken.ok);
  const next = desiredOf(application, scaled("example.test/app:2"));
  const second = await pass(kube, application, next, new Map());
  await calm(kube, application, next, second.proved);
  const kept = await is();
  assert.deepEqual(seen(kept), [5, "theirs", "example.test/other:1"], "a new revision leaves it to its owner");
  assert.equal(valueAt(kept["spec"], "template", "spec", "containers", 0, "image"), "example.test/app:2");
}

/** What somebody else created is told from what Plumbline creates, though the watches know nothing of either. */
async function adopted(kube: Kube, application: Application): Promise<void> {
  const yaml = (name: string): string =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\ndata: { a: "1" }\n`;
  const desired = desiredOf(application, `${yaml("there")}---\n${yaml("new")}`);
  const configMaps = await kube.resource("v1", "ConfigMap");
  assert.ok(configMaps.ok && configMaps.value);
  const metadata = { name: "there", namespace: application.namespace };
  const made = await kube.create(configMaps.value, { apiVersion: "v1", kind: "ConfigMap", metadata });
  assert.ok(made.ok);
  const plan = planChanges(desired, () => undefined, { application: application.id, entries: [] });
  const applied = await apply(kube, plan, { namespace: application.namespace });
  assert.ok(applied.ok);
  assert.deepEqual(Object.fromEntries(applied.steps.map(({ ref, outcome }) => [ref.name, outcome])), {
    new: "created",
    there: "adopted",
  });
  const entry = applied.inventory.entries.find(({ name }) => name === "there");
  assert.deepEqual([entry?.uid, entry?.adopted], [made.value.metadata.uid, true]);
  await calm(kube, application, desired, new Map());
}

function desiredOf(application: Application, yaml: string): readonly Manifest[] {
  const rendered = renderFiles([{ path: "all.yaml", content: Buffer.from(yaml) }], application);
  assert.ok(rendered.ok, JSON.stringify(rendered));
  return rendered.value;
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
  const desired = desiredOf(application, yaml);
  const first = await pass(kube, application, desired, new Map());
  assert.equal(first.plan.apply.length, desired.length);
  await calm(kube, application, desired, first.proved);
  // An engine that starts anew has proved nothing yet: it asks, and is told.
  await calm(kube, application, desired, new Map());
  for (const { ref, object } of desired.filter((one) => one.ref.namespace === "")) {
    const found = await kube.resource(object.apiVersion, object.kind);
    if (found.ok && found.value) await kube.delete(found.value, "", ref.name);
  }
}

/** Passes until one plans nothing; none of them may take the server's way of writing for drift. */
async function calm(kube: Kube, application: Application, desired: readonly Manifest[], known: Equivalence) {
  let proved = known;
  const asked: string[] = [];
  for (let count = 0; count < passesAtMost; count += 1) {
    const { plan, applied, proved: next } = await pass(kube, application, desired, proved);
    if (plan.apply.length === 0 && plan.leave.length === 0) return;
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
