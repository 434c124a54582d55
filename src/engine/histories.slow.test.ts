import assert from "node:assert/strict";
import { test } from "node:test";
import { valueAt } from "../model/json.ts";
import type { DeliveryRecord } from "../model/record.ts";
import { configMapYaml, deliveryYaml, deploymentYaml, namespaceYaml, openWorkbench } from "./workbench-in-test.ts";
import type { Workbench } from "./workbench-in-test.ts";

const isHealthy = ({ outcome }: DeliveryRecord): boolean => outcome === "healthy";
const isHeld = ({ outcome }: DeliveryRecord): boolean => outcome === "held";
const gate = (more = ""): string => deliveryYaml(`{ deadline: 20s, soak: 300ms, maxRestarts: 0${more} }`);

/** Merges on top of the tracked branch, with two parents, what another branch made of it. */
function merge(bench: Workbench, files: Readonly<Record<string, string>>): string {
  const before = bench.git("rev-parse", "main");
  const side = bench.commit(files, "On the side");
  const tree = bench.git("rev-parse", "main^{tree}");
  const merged = bench.git("commit-tree", tree, "-p", before, "-p", side, "-m", "Merge the side branch");
  bench.git("update-ref", "refs/heads/main", merged);
  return merged;
}

test("several commits and a merge since the last healthy state are undone by one commit that restores it", async (t) => {
  const bench = await openWorkbench(t);
  bench.commit({
    "delivery.yaml": gate(),
    "staging/one/namespace.yaml": namespaceYaml("one-staging"),
    "staging/one/web.yaml": deploymentYaml("web", "ready"),
  });
  const { untilRecord, engine } = await bench.engine();
  await untilRecord("staging/one", "it is healthy", isHealthy);
  const healthy = bench.git("rev-parse", "main:staging/one");
  bench.commit({ "staging/one/web.yaml": deploymentYaml("web", "never") }, "Begin something");
  bench.commit({ "staging/one/settings.yaml": configMapYaml("settings", { a: "1" }) }, "Add settings");
  const merged = merge(bench, { "staging/one/web.yaml": deploymentYaml("web", "crash"), "README.md": "new\n" });
  await engine.refresh();
  const { revision } = await untilRecord(
    "staging/one",
    "its rollback is healthy",
    (one) => isHealthy(one) && one.revision.undoes !== undefined,
  );
  assert.equal(revision.undoes, merged, "a merge is undone as a whole");
  assert.equal(bench.git("rev-parse", "main:staging/one"), healthy);
  assert.equal(bench.git("rev-parse", "main^"), merged);
  assert.equal(bench.git("show", "main:README.md"), "new", "what the merge brought elsewhere stays");
  assert.equal(await bench.get("v1", "ConfigMap", "one-staging", "settings"), undefined);
});

test("policy branch: the rollback is proposed for review, the old pods serve, and merging it delivers it", async (t) => {
  const bench = await openWorkbench(t);
  bench.commit({
    "delivery.yaml": gate(", onFailure: branch"),
    "staging/one/namespace.yaml": namespaceYaml("one-staging"),
    "staging/one/web.yaml": deploymentYaml("web", "ready"),
  });
  const { untilRecord, engine } = await bench.engine();
  await untilRecord("staging/one", "it is healthy", isHealthy);
  const healthy = bench.git("rev-parse", "main:staging/one");
  const broken = bench.commit({ "staging/one/web.yaml": deploymentYaml("web", "crash") });
  const held = await untilRecord("staging/one", "its rollback is proposed", isHeld);
  const branch = "plumbline/rollback/staging-one";
  assert.ok(held.message.includes(`its rollback is proposed on the branch ${branch}`));
  assert.ok(held.remedy?.includes(`merge ${branch}`));
  assert.equal(bench.git("rev-parse", "main"), broken, "nothing lands on the tracked branch");
  assert.equal(bench.git("rev-parse", `${branch}^`), broken);
  assert.equal(bench.git("rev-parse", `${branch}:staging/one`), healthy);
  const live = await bench.get("apps/v1", "Deployment", "one-staging", "web");
  assert.equal(valueAt(live ?? null, "status", "readyReplicas"), 1);

  bench.git("update-ref", "refs/heads/main", branch);
  await engine.refresh();
  await untilRecord("staging/one", "it is delivered", (one) => isHealthy(one) && one.revision.undoes === broken);
});

test("a directory that is moved is another application: nothing of the old one is removed, and both say what to do", async (t) => {
  const bench = await openWorkbench(t, false);
  const all = `${namespaceYaml("shared")}---\n${configMapYaml("settings", { a: "1" })}`;
  const environments = deliveryYaml().replace("rollout:", "namespace: shared\n    rollout:");
  bench.commit({ "delivery.yaml": environments, "staging/one/all.yaml": all });
  const { untilRecord } = await bench.engine();
  await untilRecord("staging/one", "it is healthy", isHealthy);
  const settings = (): Promise<unknown> => bench.get("v1", "ConfigMap", "shared", "settings");
  const before = await settings();
  const moved = bench.commit({ "staging/one": null, "staging/two/all.yaml": all }, "Move one to two");
  const old = await untilRecord("staging/one", "the old one is held", isHeld);
  assert.match(old.remedy ?? "", /allowEmpty: true/);
  const renamed = await untilRecord("staging/two", "the new one is refused", ({ outcome }) => outcome === "refused");
  assert.match(renamed.message, /delivered by another application \(staging\.one\)/);
  assert.match(renamed.remedy ?? "", /plumbline\.dev\/adopt: staging\/one/);
  assert.equal(bench.git("rev-parse", "main"), moved, "a move is no failure, so nothing is rolled back");
  assert.deepEqual(await settings(), before);

  const adopting = all.replaceAll(
    /name: (shared|settings)/g,
    "name: $1, annotations: { plumbline.dev/adopt: staging/one }",
  );
  bench.commit({ "staging/two/all.yaml": adopting }, "Say that it is meant");
  await untilRecord("staging/two", "it is taken over", isHealthy);
  assert.ok(await settings());
});
