import assert from "node:assert/strict";
import { test } from "node:test";
import { deliveryLog } from "../history/delivery-log.ts";
import { sampleRecord } from "../history/sample-record-in-test.ts";
import type { FileChanges } from "../io/git/git.ts";
import { temporaryRepository } from "../io/git/temporary-repository-in-test.ts";
import { sampleApplication } from "../source/sample-application-in-test.ts";
import { Fleet } from "./fleet.ts";

test("what only the cluster knows of is gone from Git, unless Git brings it while the log is asked for it", async (t) => {
  const git = await temporaryRepository(t).open();
  await deliveryLog(git).write({ record: sampleRecord({ application: "staging/another" }), atMs: 0 });
  let answer = (): void => {};
  const asked = new Promise<readonly FileChanges[]>((resolve) => (answer = () => resolve([])));
  let isFirst = true;
  const late = (...args: Parameters<typeof git.changes>) => {
    const changes = isFirst ? asked : git.changes(...args);
    isFirst = false;
    return changes;
  };
  const fleet = new Fleet(deliveryLog({ ...git, changes: late }));
  const entry = { apiVersion: "v1", group: "", kind: "ConfigMap", namespace: "probe", name: "settings" };
  const left = ["staging/probe", "staging/old"].map((application) => ({ application, entries: [entry] }));
  const taken = fleet.takeLeft([...left, { application: "staging/empty", entries: [] }]);

  const found = { application: sampleApplication(), tree: "1".repeat(40), problems: [] };
  await fleet.take({ commit: "2".repeat(40), applications: [found] });
  answer();
  assert.deepEqual(await taken, ["staging/old"]);
  assert.deepEqual(
    ["staging/probe", "staging/old", "staging/empty"].map((id) => fleet.get(id)?.isGone),
    [false, true, undefined],
  );
  assert.equal(fleet.get("staging/probe")?.found.tree, found.tree);
});
