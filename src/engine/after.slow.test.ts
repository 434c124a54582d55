import assert from "node:assert/strict";
import { test } from "node:test";
import { configMapYaml, deliveryYaml, deploymentYaml, namespaceYaml, openWorkbench } from "./workbench-in-test.ts";

test("an application that comes after another begins when that one is healthy, and not with what it lost", async (t) => {
  const bench = await openWorkbench(t);
  const files = (mode: string, version: string): Record<string, string> => ({
    "staging/database/db.yaml": deploymentYaml("db", mode),
    "staging/app/settings.yaml": configMapYaml("settings", { version }),
  });
  const settings = async (): Promise<unknown> =>
    (await bench.get("v1", "ConfigMap", "app-staging", "settings"))?.["data"];
  const { untilRecord, decisions } = await bench.engine();
  const first = bench.commit({
    "delivery.yaml": deliveryYaml("{ deadline: 2m, soak: 300ms, maxRestarts: 0 }"),
    "staging/database/namespace.yaml": namespaceYaml("database-staging"),
    "staging/app/namespace.yaml": namespaceYaml("app-staging"),
    "staging/app/delivery.yaml": "after: [database]\n",
    ...files("ready", "1"),
  });
  await untilRecord("staging/app", "it is healthy", ({ outcome }) => outcome === "healthy");
  const waited = decisions.findIndex(
    ({ application, reason }) => application === "staging/app" && reason === "WaitingForOthers",
  );
  const begun = decisions.findIndex(
    ({ application, reason }) => application === "staging/app" && reason !== "WaitingForOthers",
  );
  const healthy = decisions.findIndex(
    ({ application, outcome }) => application === "staging/database" && outcome === "healthy",
  );
  assert.ok(waited >= 0 && waited < healthy && healthy < begun, `${waited} < ${healthy} < ${begun}`);
  assert.match(decisions[waited]?.message ?? "", /waits for staging\/database/);

  const broken = bench.commit(files("crash", "2"));
  const held = await untilRecord(
    "staging/app",
    "it is held",
    ({ outcome, revision }) => outcome === "held" && revision.commit === broken,
  );
  assert.match(held.message, /waits for staging\/database, whose part of [0-9a-f]{8} failed and was rolled back/);
  assert.match(held.remedy ?? "", /fix staging\/database with a new commit, or change this application again/);
  assert.deepEqual(await settings(), { version: "1" });
  assert.equal(held.lastHealthy?.commit, first);

  const alone = bench.commit({ "staging/app/settings.yaml": configMapYaml("settings", { version: "3" }) });
  await untilRecord(
    "staging/app",
    "a commit of its own waits for nobody",
    ({ outcome, revision }) => outcome === "healthy" && revision.commit === alone,
  );
  assert.deepEqual(await settings(), { version: "3" });

  bench.commit({ "staging/database/delivery.yaml": "after: [app]\n" });
  const refused = await untilRecord("staging/app", "the circle is refused", ({ outcome }) => outcome === "refused");
  assert.match(refused.message, /staging\/app waits for staging\/database waits for staging\/app/);
});
