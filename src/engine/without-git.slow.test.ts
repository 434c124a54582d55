import assert from "node:assert/strict";
import { renameSync } from "node:fs";
import { test } from "node:test";
import { ProblemError } from "../model/problem.ts";
import { configMapYaml, deliveryYaml, deploymentYaml, namespaceYaml, openWorkbench } from "./workbench-in-test.ts";

test("without Git the cluster stays and drift is undone, and a due rollback is written when Git is back (behaviour B8)", async (t) => {
  const bench = await openWorkbench(t);
  const good = bench.commit({
    "delivery.yaml": deliveryYaml("{ deadline: 30s, soak: 300ms, maxRestarts: 0 }"),
    "staging/one/namespace.yaml": namespaceYaml("one-staging"),
    "staging/one/settings.yaml": configMapYaml("settings", { a: "1" }),
    "staging/one/web.yaml": deploymentYaml("web", "ready"),
  });
  const { engine, until, untilRecord } = await bench.engine({ pollMs: 500 });
  await untilRecord("staging/one", "healthy", ({ outcome }) => outcome === "healthy");
  const broken = bench.commit({ "staging/one/web.yaml": deploymentYaml("web", "crash") }, "Break it");
  await untilRecord("staging/one", "the broken one begins", ({ revision }) => revision.commit === broken);
  renameSync(bench.remote, `${bench.remote}.away`);
  await engine.refresh();
  await until("Git is away", ({ repository }) => !repository.reachable);

  const configMaps = await bench.kind("v1", "ConfigMap");
  const before = await bench.get("v1", "ConfigMap", "one-staging", "settings");
  await bench.kube.delete(configMaps, "one-staging", "settings");
  await untilRecord("staging/one", "the failure is known", ({ outcome }) => outcome === "failed");
  for (;;) {
    const now = await bench.get("v1", "ConfigMap", "one-staging", "settings");
    if (now !== undefined && now.metadata.uid !== before?.metadata.uid) break;
  }
  assert.equal((await bench.get("apps/v1", "Deployment", "one-staging", "web")) === undefined, false);

  renameSync(`${bench.remote}.away`, bench.remote);
  const { revision } = await untilRecord(
    "staging/one",
    "its rollback is healthy",
    (record) => record.outcome === "healthy" && record.revision.undoes === broken,
  );
  assert.equal(bench.git("rev-parse", "main"), revision.commit);
  assert.equal(bench.git("rev-parse", "main:staging/one"), bench.git("rev-parse", `${good}:staging/one`));
});

test("an engine that begins with a broken delivery.yaml and a mirror that cannot be written stays, and delivers once both are mended", async (t) => {
  const bench = await openWorkbench(t);
  const files = {
    "delivery.yaml": deliveryYaml(),
    "staging/one/all.yaml": `${namespaceYaml("one-staging")}---\n${configMapYaml("settings", { a: "1" })}`,
  };
  bench.commit(files);
  const before = await bench.engine();
  await before.untilRecord("staging/one", "healthy", ({ outcome }) => outcome === "healthy");
  await before.stop();

  bench.commit({ "delivery.yaml": "environments: [oops" }, "Break delivery.yaml");
  let isFull = true;
  const full = new ProblemError({ code: "git-failed", message: "No space left on device" });
  const { engine, troubles, untilRecord } = await bench.engine({}, (git) => ({
    ...git,
    writeBlob: (content) => (isFull ? Promise.reject(full) : git.writeBlob(content)),
  }));
  assert.deepEqual(
    troubles.map(({ code }) => code),
    ["config-not-yaml", "git-failed"],
  );
  isFull = false;
  const mended = bench.commit({ ...files, "staging/one/more.yaml": configMapYaml("more", { b: "2" }) }, "Mend it");
  await engine.refresh();
  await untilRecord(
    "staging/one",
    "the mended one",
    ({ outcome, revision }) => outcome === "healthy" && revision.commit === mended,
  );
});
