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

  // A commit to one of two: the other is not even looked at.
  const passes = engine.snapshot().applications.find(({ application }) => application.id === "staging/one");
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
  assert.deepEqual(requests, ["PATCH configmaps"]);
  assert.equal(
    engine.snapshot().applications.find(({ application }) => application.id === "staging/one")?.observation,
    passes?.observation,
  );
  assert.deepEqual(valueAt((await bench.get("v1", "ConfigMap", "two-staging", "settings")) ?? null, "data"), {
    a: "2",
  });
});
