import assert from "node:assert/strict";
import { test } from "node:test";
import { commitFiles } from "../io/git/git-contract-in-test.ts";
import { temporaryRepository } from "../io/git/temporary-repository-in-test.ts";
import { readDeployment } from "../source/deployment.ts";
import { readRevision } from "../source/revision.ts";
import { render } from "./render.ts";

test("an application is rendered from a real commit, with places that a person can open", async (t) => {
  const git = await temporaryRepository(t).open();
  const commit = await commitFiles(git, undefined, {
    "delivery.yaml": "environments: { staging: {} }\n",
    "staging/probe/delivery.yaml": "rollout: { soak: 1s }\n",
    "staging/probe/.hidden/x.yaml": "nonsense",
    "staging/probe/README.md": "words",
    "staging/probe/one.yaml": "# first\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: one }\n",
    "staging/probe/more/two.json": '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"two"}}',
    "staging/chart/Chart.yaml": "name: x\n",
  });
  const deployment = await readDeployment(git, commit);
  assert.ok(deployment.ok);
  const [chart, probe] = await Promise.all(
    deployment.value.applications.map(async ({ application }) => {
      const revision = await readRevision(git, commit, application);
      assert.ok(revision);
      return render(git, revision, application);
    }),
  );
  assert.equal(chart?.ok === false && chart.problems[0]?.code, "helm-not-supported");
  assert.deepEqual(probe?.ok && probe.value.map(({ ref, where }) => [ref.name, where]), [
    ["one", { file: "staging/probe/one.yaml", line: 2 }],
    ["two", { file: "staging/probe/more/two.json", line: 1 }],
  ]);
});
