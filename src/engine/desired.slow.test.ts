import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { commitFiles } from "../io/git/git-contract-in-test.ts";
import { temporaryRepository } from "../io/git/temporary-repository-in-test.ts";
import { render } from "../render/render.ts";
import { readDeployment } from "../source/deployment.ts";
import { Desired } from "./desired.ts";
import { Endorsements, noTrust } from "./endorsed.ts";
import { configMapYaml } from "./workbench-in-test.ts";

test("what was delivered before is none where Git has it no longer, and waits for a fetch where only the mirror has lost it", async (t) => {
  const { open, root } = temporaryRepository(t);
  const git = await open();
  const commit = await commitFiles(git, undefined, {
    "delivery.yaml": "environments: { staging: {} }\n",
    "staging/probe/settings.yaml": configMapYaml("settings", { a: "1" }),
  });
  await git.push(commit, "main", undefined);
  const deployment = await readDeployment(git, commit);
  const [found] = deployment.ok ? deployment.value.applications : [];
  assert.ok(found?.tree);
  const healthy = { commit, tree: found.tree, healthyAt: "2026-11-23T19:00:00.000Z" };
  const desired = new Desired(git, new Endorsements(git, noTrust), render);

  assert.deepEqual(await desired.before(found, { ...healthy, tree: "e".repeat(40) }), []);
  rmSync(join(root, "mirror-1", "objects", found.tree.slice(0, 2), found.tree.slice(2)));
  git.close();
  await assert.rejects(desired.before(found, healthy), { name: "ProblemError" });
  assert.ok((await git.fetch()).ok);
  const names = (await desired.before(found, healthy)).map(({ ref }) => ref.name);
  assert.deepEqual(names, ["settings"]);
});
