import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeliveryRecord } from "../model/record.ts";
import { widgetDefinition } from "./widgets-in-test.ts";
import { configMapYaml, deliveryYaml, namespaceYaml, openWorkbench } from "./workbench-in-test.ts";

function widget(size: number): string {
  return `apiVersion: example.org/v1\nkind: Widget\nmetadata: { name: w }\nspec: { size: ${size} }\n`;
}

test("a custom kind without a status is delivered, goes, and is delivered and watched again", async (t) => {
  const bench = await openWorkbench(t);
  const allowed = "    allowClusterKinds: [apiextensions.k8s.io/CustomResourceDefinition]\n";
  const rest = `${namespaceYaml("one-staging")}---\n${configMapYaml("settings", { a: "1" })}`;
  const { untilRecord } = await bench.engine();
  const deliver = async (files: Record<string, string | null>, what: string): Promise<DeliveryRecord> => {
    const commit = bench.commit(files);
    const settled = await untilRecord(
      "staging/one",
      what,
      ({ revision, outcome }) => revision.commit === commit && outcome !== "progressing",
    );
    assert.equal(settled.outcome, "healthy", settled.message);
    return settled;
  };
  const both = { "staging/one/crd.yaml": widgetDefinition, "staging/one/widget.yaml": widget(1) };
  await deliver(
    { "delivery.yaml": deliveryYaml() + allowed, "staging/one/all.yaml": rest, ...both },
    "it is delivered",
  );
  assert.deepEqual((await bench.get("example.org/v1", "Widget", "one-staging", "w"))?.["spec"], { size: 1 });
  await deliver({ "staging/one/crd.yaml": null, "staging/one/widget.yaml": null }, "it is pruned");
  await deliver({ ...both, "staging/one/widget.yaml": widget(2) }, "it is delivered again");
  assert.deepEqual((await bench.get("example.org/v1", "Widget", "one-staging", "w"))?.["spec"], { size: 2 });

  const widgets = { group: "example.org", resource: "widgets" };
  const before = (await bench.get("example.org/v1", "Widget", "one-staging", "w"))?.metadata.uid;
  bench.cluster.client.delete(widgets, "one-staging", "w");
  await new Promise<void>((back) => {
    bench.onEnd(
      bench.cluster.client.watch(widgets, ({ type, object }) => {
        if (type === "ADDED" && object.metadata.uid !== before) back();
      }),
    );
  });
});
