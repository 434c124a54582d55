import assert from "node:assert/strict";
import { test } from "node:test";
import { valueAt } from "../model/json.ts";
import { configMapYaml, deliveryYaml, deploymentYaml, namespaceYaml, openWorkbench } from "./workbench-in-test.ts";

test("what Git says is delivered; afterwards nothing is asked, and a commit costs only the application it touches", async (t) => {
  const bench = await openWorkbench(t);
  const commit = bench.commit({
    "delivery.yaml": deliveryYaml(),
    "staging/one/namespace.yaml": namespaceYaml("one-staging"),
    "staging/one/app.yaml": deploymentYaml("web", "ready"),
    "staging/two/all.yaml": `${namespaceYaml("two-staging")}---\n${configMapYaml("settings", { a: "1" })}`,
  });
  const { untilRecord, until, engine } = await bench.engine();
  const record = await untilRecord("staging/one", "one is healthy", ({ outcome }) => outcome === "healthy");
  await untilRecord("staging/two", "two is healthy", ({ outcome }) => outcome === "healthy");
  assert.equal(record.revision.commit, commit);
  assert.deepEqual(
    record.health.map(({ health }) => health.status),
    ["Current", "Current"],
  );
  const web = await bench.get("apps/v1", "Deployment", "one-staging", "web");
  assert.equal(valueAt(web ?? null, "status", "readyReplicas"), 1);

  // A commit beside every application: fetched and read, and not one request to the API server (behaviour D7).
  const before = new Map(bench.kube.requestCounts());
  const beside = bench.commit({ "README.md": "nothing to deliver\n" });
  await until("the commit is read", ({ repository }) => repository.commit === beside);
  assert.deepEqual(new Map(bench.kube.requestCounts()), before);

  // A commit to one of two: nothing is asked for the other, and nothing of it changes.
  const one = engine.snapshot().applications.find(({ application }) => application.id === "staging/one");
  const next = bench.commit({
    "staging/two/all.yaml": `${namespaceYaml("two-staging")}---\n${configMapYaml("settings", { a: "2" })}`,
  });
  await untilRecord(
    "staging/two",
    "two is healthy again",
    ({ outcome, revision }) => outcome === "healthy" && revision.commit === next,
  );
  const requests = [...bench.kube.requestCounts()]
    .filter(([what, count]) => count !== before.get(what))
    .map(([what]) => what);
  assert.deepEqual(requests, ["PATCH configmaps 200"]);
  const after = engine.snapshot().applications.find(({ application }) => application.id === "staging/one");
  assert.deepEqual(after?.record, one?.record);
  assert.deepEqual(valueAt((await bench.get("v1", "ConfigMap", "two-staging", "settings")) ?? null, "data"), {
    a: "2",
  });
});

const settings = (data: Readonly<Record<string, string>>): string =>
  `${namespaceYaml("one-staging")}---\n${configMapYaml("settings", data)}`;
const byHand = { fieldManager: "by-hand", force: true, dryRun: false };

test("drift is undone: a changed field and a deleted object are restored and recorded with who did it", async (t) => {
  const bench = await openWorkbench(t);
  bench.commit({ "delivery.yaml": deliveryYaml(), "staging/one/all.yaml": settings({ a: "1" }) });
  const { untilRecord } = await bench.engine();
  await untilRecord("staging/one", "healthy", ({ outcome }) => outcome === "healthy");

  const configMaps = await bench.kind("v1", "ConfigMap");
  const other = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings", namespace: "one-staging" } };
  const changed = await bench.kube.apply(configMaps, { ...other, data: { a: "2", own: "stays" } }, byHand);
  assert.ok(changed.ok);
  const first = await untilRecord("staging/one", "the field is restored", ({ drift }) => drift.length > 0);
  assert.deepEqual(
    first.drift.map(({ manager, fields }) => ({ manager, fields })),
    [{ manager: "by-hand", fields: ["data.a"] }],
  );
  assert.ok((first.drift[0]?.undoneMs ?? Infinity) < 1000);
  // What Git does not declare is its owner's (behaviour D5).
  assert.deepEqual((await bench.get("v1", "ConfigMap", "one-staging", "settings"))?.["data"], { a: "1", own: "stays" });

  await bench.kube.delete(configMaps, "one-staging", "settings");
  const second = await untilRecord("staging/one", "the object is restored", ({ drift }) => drift.length > 1);
  assert.deepEqual(second.drift[0]?.fields, [], "no fields stand for the whole object");
  assert.deepEqual((await bench.get("v1", "ConfigMap", "one-staging", "settings"))?.["data"], { a: "1" });
  assert.equal(second.outcome, "healthy");
  assert.equal(bench.git("rev-list", "--count", "main"), "1");
});

test("a field that somebody else holds is taken over, and recorded with the other's name", async (t) => {
  const bench = await openWorkbench(t);
  const namespaces = await bench.kind("v1", "Namespace");
  const configMaps = await bench.kind("v1", "ConfigMap");
  await bench.kube.apply(
    namespaces,
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "one-staging" } },
    byHand,
  );
  const theirs = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "settings", namespace: "one-staging" },
    data: { a: "9" },
  };
  assert.ok((await bench.kube.apply(configMaps, theirs, byHand)).ok);
  bench.commit({ "delivery.yaml": deliveryYaml(), "staging/one/all.yaml": settings({ a: "1" }) });
  const { untilRecord } = await bench.engine();
  const record = await untilRecord("staging/one", "healthy", ({ outcome }) => outcome === "healthy");
  assert.deepEqual(
    record.takeovers.map(({ manager, field }) => ({ manager, field })),
    [{ manager: "by-hand", field: "data.a" }],
  );
  assert.deepEqual((await bench.get("v1", "ConfigMap", "one-staging", "settings"))?.["data"], { a: "1" });
});

test("what is gone from Git is pruned once the new state is healthy and not before, and never what is not ours", async (t) => {
  const bench = await openWorkbench(t);
  bench.commit({
    "delivery.yaml": deliveryYaml(),
    "staging/one/all.yaml": settings({ a: "1" }),
    "staging/one/old.yaml": configMapYaml("old", { a: "1" }),
    "staging/one/kept.yaml": configMapYaml("kept", { a: "1" }).replace(
      "name: kept",
      'name: kept, annotations: { plumbline.dev/prune: "false" }',
    ),
  });
  const { untilRecord } = await bench.engine();
  await untilRecord("staging/one", "healthy", ({ outcome }) => outcome === "healthy");
  const configMaps = await bench.kind("v1", "ConfigMap");
  const theirs = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "theirs", namespace: "one-staging" },
    data: {},
  };
  assert.ok((await bench.kube.apply(configMaps, theirs, byHand)).ok);

  bench.commit({
    "staging/one/old.yaml": null,
    "staging/one/kept.yaml": null,
    "staging/one/app.yaml": deploymentYaml("web", "never"),
  });
  await untilRecord("staging/one", "the new pod is waited for", ({ message }) => /not ready/.test(message));
  assert.ok(await bench.get("v1", "ConfigMap", "one-staging", "old"), "nothing is pruned while health is waited for");

  const fix = bench.commit({ "staging/one/app.yaml": deploymentYaml("web", "ready") });
  const record = await untilRecord(
    "staging/one",
    "the fix is healthy",
    ({ outcome, revision }) => outcome === "healthy" && revision.commit === fix,
  );
  assert.deepEqual(
    record.applied.filter(({ outcome }) => outcome === "deleted").map(({ ref }) => ref.name),
    ["old"],
  );
  assert.equal(await bench.get("v1", "ConfigMap", "one-staging", "old"), undefined);
  assert.ok(await bench.get("v1", "ConfigMap", "one-staging", "kept"));
  assert.ok(await bench.get("v1", "ConfigMap", "one-staging", "theirs"));
});

test("a newer commit ends the wait for the older one at once, and nothing is rolled back", async (t) => {
  const bench = await openWorkbench(t);
  const files = {
    "delivery.yaml": deliveryYaml("{ deadline: 10m, soak: 300ms }"),
    "staging/one/namespace.yaml": namespaceYaml("one-staging"),
  };
  bench.commit({ ...files, "staging/one/app.yaml": deploymentYaml("web", "ready") });
  const { untilRecord, engine } = await bench.engine();
  await untilRecord("staging/one", "healthy", ({ outcome }) => outcome === "healthy");
  bench.commit({ "staging/one/app.yaml": deploymentYaml("web", "never") });
  await untilRecord("staging/one", "it waits", ({ message }) => /not ready/.test(message));
  const fix = bench.commit({
    "staging/one/app.yaml": deploymentYaml("web", "ready", { env: ['{ name: FIXED, value: "yes" }'] }),
  });
  await untilRecord(
    "staging/one",
    "the fix is healthy",
    ({ outcome, revision }) => outcome === "healthy" && revision.commit === fix,
  );
  assert.equal(bench.git("rev-list", "--count", "main"), "3");
  const [application] = engine.snapshot().applications;
  assert.deepEqual(
    application?.history.map(({ outcome }) => outcome),
    ["healthy", "progressing", "healthy"],
  );
});
