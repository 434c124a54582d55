import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeObject } from "../model/kube-object.ts";
import type { DeliveryRecord } from "../model/record.ts";
import { widgetDefinition } from "./widgets-in-test.ts";
import { configMapYaml, deliveryYaml, namespaceYaml, openWorkbench } from "./workbench-in-test.ts";
import type { Workbench } from "./workbench-in-test.ts";

const byHand = { fieldManager: "by-hand", force: true, dryRun: false };

async function apply(bench: Workbench, object: KubeObject): Promise<void> {
  const answer = await bench.kube.apply(await bench.kind(object.apiVersion, object.kind), object, byHand);
  assert.ok(answer.ok, JSON.stringify(answer));
}

function at(commit: string) {
  return ({ outcome, revision }: DeliveryRecord): boolean => outcome === "healthy" && revision.commit === commit;
}

/** The namespace is being deleted, or gone. */
async function isGoing(bench: Workbench, name: string): Promise<boolean> {
  const live = await bench.get("v1", "Namespace", "", name);
  return live === undefined || live.metadata.deletionTimestamp !== undefined;
}

test("a namespace with objects of others is not deleted with them, until they are gone or Git says that it is meant", async (t) => {
  const bench = await openWorkbench(t, false);
  bench.commit({
    "delivery.yaml": deliveryYaml(),
    "staging/one/namespace.yaml": namespaceYaml("one-staging"),
    "staging/one/own.yaml": configMapYaml("own", { a: "1" }),
    "staging/one/kept.yaml": configMapYaml("kept", {}).replace(
      "name: kept",
      'name: kept, annotations: { plumbline.dev/prune: "false" }',
    ),
  });
  const { until, untilRecord, engine } = await bench.engine();
  await untilRecord("staging/one", "it is healthy", ({ outcome }) => outcome === "healthy");
  const foreign = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "foreign", namespace: "one-staging" } };
  await apply(bench, foreign);
  const removal = bench.commit({
    "staging/one/namespace.yaml": null,
    "staging/one/own.yaml": null,
    "staging/one/kept.yaml": null,
    "staging/one/delivery.yaml": "allowEmpty: true\n",
  });
  const held = await untilRecord("staging/one", "the namespace is held", at(removal));
  assert.match(
    held.message,
    /Namespace one-staging is gone from Git and was not deleted, since ConfigMap one-staging\/foreign, ConfigMap one-staging\/kept would go/,
  );
  assert.match(held.remedy ?? "", /allowPrune: \[Namespace\/one-staging\]/);
  await until("the log says it", () => /allowPrune/.test(bench.git("show", "plumbline/log:status.json")));
  assert.equal(await bench.get("v1", "ConfigMap", "one-staging", "own"), undefined, "what is its own is pruned");
  assert.equal(await isGoing(bench, "one-staging"), false);

  const meant = bench.commit({
    "staging/one/delivery.yaml": "allowEmpty: true\nallowPrune: [Namespace/one-staging]\n",
  });
  const done = await untilRecord("staging/one", "it is deleted", at(meant));
  assert.equal(done.remedy, undefined);
  assert.equal(await isGoing(bench, "one-staging"), true);
  await engine.refresh();
});

test("the definition of a kind is not deleted while others have objects of it", async (t) => {
  const bench = await openWorkbench(t, false);
  const allowed = "    allowClusterKinds: [apiextensions.k8s.io/CustomResourceDefinition]\n";
  bench.commit({
    "delivery.yaml": deliveryYaml() + allowed,
    "staging/one/all.yaml": `${namespaceYaml("one-staging")}---\n${configMapYaml("own", {})}`,
    "staging/one/crd.yaml": widgetDefinition,
  });
  const { untilRecord } = await bench.engine();
  await untilRecord("staging/one", "it is healthy", ({ outcome }) => outcome === "healthy");
  await apply(bench, { apiVersion: "example.org/v1", kind: "Widget", metadata: { name: "w", namespace: "default" } });
  const held = await untilRecord(
    "staging/one",
    "the definition is held",
    at(bench.commit({ "staging/one/crd.yaml": null })),
  );
  assert.match(held.message, /since Widget default\/w would go with it/);
  assert.match(held.remedy ?? "", /allowPrune: \[CustomResourceDefinition\/widgets\.example\.org\]/);
  assert.ok(await bench.get("example.org/v1", "Widget", "default", "w"));

  const words = "allowPrune: [CustomResourceDefinition/widgets.example.org]\n";
  const meant = bench.commit({ "staging/one/delivery.yaml": words });
  await untilRecord("staging/one", "it is deleted", at(meant));
  const definitions = await bench.kind("apiextensions.k8s.io/v1", "CustomResourceDefinition");
  const left = await bench.kube.get(definitions, "", "widgets.example.org");
  assert.ok(!left.ok || left.value.metadata.deletionTimestamp !== undefined);
});
