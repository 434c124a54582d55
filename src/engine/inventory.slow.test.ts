import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeObject } from "../model/kube-object.ts";
import type { DeliveryRecord } from "../model/record.ts";
import { driftSentence } from "../model/record.ts";
import { configMapYaml, deliveryYaml, namespaceYaml, openWorkbench } from "./workbench-in-test.ts";
import type { Workbench } from "./workbench-in-test.ts";

const byHand = { fieldManager: "by-hand", force: true, dryRun: false };
const store = { namespace: "plumbline-system", name: "plumbline-inventory-staging.one" };

function at(commit: string) {
  return ({ outcome, revision }: DeliveryRecord): boolean => outcome === "healthy" && revision.commit === commit;
}

async function apply(bench: Workbench, object: KubeObject): Promise<void> {
  const answer = await bench.kube.apply(await bench.kind(object.apiVersion, object.kind), object, byHand);
  assert.ok(answer.ok, JSON.stringify(answer));
}

async function entries(bench: Workbench): Promise<readonly Record<string, unknown>[]> {
  const found = await bench.get("v1", "ConfigMap", store.namespace, store.name);
  const data = found?.["data"] as Record<string, string> | undefined;
  return JSON.parse(data?.["entries"] ?? "[]") as Record<string, unknown>[];
}

test("an inventory that somebody deletes or edits is written again at once, and the engine deletes nothing by it", async (t) => {
  const bench = await openWorkbench(t, false);
  bench.commit({
    "delivery.yaml": deliveryYaml(),
    "staging/one/namespace.yaml": namespaceYaml("one-staging"),
    "staging/one/own.yaml": configMapYaml("own", { a: "1" }),
    "staging/one/kept.yaml": configMapYaml("kept", {}),
  });
  const { untilRecord } = await bench.engine();
  await untilRecord("staging/one", "it is healthy", ({ outcome }) => outcome === "healthy");
  const before = await entries(bench);

  const configMaps = await bench.kind("v1", "ConfigMap");
  await bench.kube.delete(configMaps, store.namespace, store.name);
  const deleted = await untilRecord("staging/one", "its deletion is undone", ({ drift }) => drift.length === 1);
  assert.match(
    driftSentence(deleted.drift[0]!),
    /^ConfigMap plumbline-system\/plumbline-inventory-staging\.one was deleted/,
  );
  assert.ok((deleted.drift[0]?.undoneMs ?? Infinity) < 1000);
  assert.deepEqual(await entries(bench), before);

  // Somebody writes an object of his own into it, with the label by which the application's are known.
  const metadata = { name: "theirs", namespace: "one-staging" };
  await apply(bench, { apiVersion: "v1", kind: "ConfigMap", metadata });
  const theirs = await bench.get("v1", "ConfigMap", "one-staging", "theirs");
  const wrong = { group: "", kind: "ConfigMap", ...metadata, apiVersion: "v1", uid: theirs?.metadata.uid ?? "" };
  await apply(bench, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: store,
    data: { entries: JSON.stringify([wrong]) },
  });
  const edited = await untilRecord("staging/one", "the edit is undone", ({ drift }) => drift.length === 2);
  assert.deepEqual([edited.drift[0]?.manager, edited.drift[0]?.fields], ["by-hand", ["data.entries"]]);
  assert.deepEqual(await entries(bench), before);

  await untilRecord(
    "staging/one",
    "what is gone from Git is pruned all the same",
    at(bench.commit({ "staging/one/own.yaml": null })),
  );
  assert.equal(await bench.get("v1", "ConfigMap", "one-staging", "own"), undefined);
  assert.ok(await bench.get("v1", "ConfigMap", "one-staging", "theirs"));
  assert.ok(await bench.get("v1", "ConfigMap", "one-staging", "kept"));
});

test("what was there before is adopted and never pruned, unless Git says so; what was made anew is Plumbline's", async (t) => {
  const bench = await openWorkbench(t, false);
  await apply(bench, { apiVersion: "v1", kind: "Namespace", metadata: { name: "one-staging" } });
  for (const name of ["theirs", "gone"]) {
    await apply(bench, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name, namespace: "one-staging" },
      data: { b: "theirs" },
    });
  }
  const manifests = {
    "staging/one/namespace.yaml": namespaceYaml("one-staging"),
    "staging/one/theirs.yaml": configMapYaml("theirs", { a: "1" }),
    "staging/one/gone.yaml": configMapYaml("gone", { a: "1" }),
    "staging/one/own.yaml": configMapYaml("own", { a: "1" }),
  };
  bench.commit({ "delivery.yaml": deliveryYaml(), ...manifests });
  const first = await bench.engine();
  const adopted = await first.untilRecord("staging/one", "it is healthy", ({ outcome }) => outcome === "healthy");
  assert.deepEqual(
    adopted.applied.map(({ ref, outcome }) => [ref.name, outcome]),
    [
      ["one-staging", "adopted"],
      ["gone", "adopted"],
      ["own", "created"],
      ["theirs", "adopted"],
    ],
  );
  assert.match(
    adopted.message,
    /Namespace one-staging, ConfigMap one-staging\/gone, ConfigMap one-staging\/theirs were there before/,
  );
  assert.deepEqual(
    (await entries(bench)).filter((entry) => entry["adopted"] === true).map(({ name }) => name),
    ["gone", "theirs", "one-staging"],
  );
  // Who takes the note away from the object does not get it deleted: the inventory knows as well.
  const configMaps = await bench.kind("v1", "ConfigMap");
  await apply(bench, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "theirs", namespace: "one-staging", annotations: { "plumbline.dev/adopted": "false" } },
    data: { b: "theirs" },
  });
  await first.untilRecord("staging/one", "the note is written again", ({ drift }) => drift.length > 0);
  await bench.kube.delete(configMaps, "one-staging", "gone");
  await first.untilRecord("staging/one", "what was deleted is made anew", ({ drift }) => drift.length > 1);
  await first.stop();

  const second = await bench.engine();
  const removal = bench.commit({
    "staging/one/theirs.yaml": null,
    "staging/one/gone.yaml": null,
    "staging/one/own.yaml": null,
    "staging/one/more.yaml": configMapYaml("more", {}),
  });
  const held = await second.untilRecord("staging/one", "it is held back", at(removal));
  assert.match(
    held.message,
    /ConfigMap one-staging\/theirs is gone from Git and was not deleted, since it was there before/,
  );
  assert.match(held.remedy ?? "", /write allowPrune: \[ConfigMap\/theirs\]/);
  assert.equal(await bench.get("v1", "ConfigMap", "one-staging", "own"), undefined);
  assert.equal(await bench.get("v1", "ConfigMap", "one-staging", "gone"), undefined, "that one was Plumbline's own");
  assert.deepEqual((await bench.get("v1", "ConfigMap", "one-staging", "theirs"))?.["data"], { a: "1", b: "theirs" });

  const meant = bench.commit({ "staging/one/delivery.yaml": "allowPrune: [ConfigMap/theirs]\n" });
  const done = await second.untilRecord("staging/one", "it is deleted", at(meant));
  assert.equal(done.remedy, undefined);
  assert.equal(await bench.get("v1", "ConfigMap", "one-staging", "theirs"), undefined);
});

test("who changes an inventory again and again is answered less and less often", async (t) => {
  const bench = await openWorkbench(t, false);
  const manifests = `${namespaceYaml("one-staging")}---\n${configMapYaml("own", {})}`;
  bench.commit({ "delivery.yaml": deliveryYaml(), "staging/one/all.yaml": manifests });
  const { untilRecord } = await bench.engine();
  await untilRecord("staging/one", "it is healthy", ({ outcome }) => outcome === "healthy");
  const edit = (): void => {
    void apply(bench, { apiVersion: "v1", kind: "ConfigMap", metadata: store, data: { entries: "[]" } });
  };
  const end = bench.cluster.client.watch({ group: "", resource: "configmaps" }, ({ object }) => {
    if (object.metadata.name === store.name && /one-staging/.test(JSON.stringify(object))) edit();
  });
  bench.onEnd(end);
  const { drift } = await untilRecord(
    "staging/one",
    "it is undone for the sixth time",
    (record) => record.drift.length >= 6,
  );
  const [newest = "", before = ""] = drift.map(({ at: time }) => time);
  assert.ok(Date.parse(newest) - Date.parse(before) >= 1000, "the sixth waited for a second");
});
