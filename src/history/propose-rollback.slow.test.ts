import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { commitFiles } from "../io/git/git-contract-in-test.ts";
import { runGit, temporaryRepository } from "../io/git/temporary-repository-in-test.ts";
import { sampleApplication } from "../source/sample-application-in-test.ts";
import { proposeRollback, rollbackBranch } from "./propose-rollback.ts";
import type { RollbackRequest } from "./rollback.ts";
import { sampleRecord } from "./sample-record-in-test.ts";

const path = "staging/probe";
const branch = "plumbline/rollback/staging-probe";

async function failing(t: TestContext) {
  const repository = temporaryRepository(t);
  const git = await repository.open();
  const good = await commitFiles(git, undefined, { [`${path}/a.yaml`]: "good\n", "other/a.yaml": "1\n" });
  const bad = await commitFiles(git, good, { [`${path}/a.yaml`]: "bad\n" });
  await git.push(bad, "main", undefined);
  const treeOf = async (commit: string) => (await git.treeAt(commit, path)) ?? assert.fail("the directory is there");
  const request: RollbackRequest = {
    application: sampleApplication({ id: path, path }),
    branch: "main",
    failing: { ...sampleRecord().revision, commit: bad, tree: await treeOf(bad) },
    restores: { commit: good, tree: await treeOf(good), healthyAt: "2026-11-23T19:00:00.000Z" },
    reason: "CrashLoop",
    rejects: [],
    message: "Pod a crashed.",
  };
  return { ...repository, git, good, bad, request };
}

test("the commit that would put the directory back stands on a branch of its own, and the tracked branch stays", async (t) => {
  const { git, remote, good, bad, request } = await failing(t);
  assert.equal(rollbackBranch(request.application), branch);
  assert.deepEqual(await proposeRollback(git, request), { kind: "proposed", branch });
  assert.equal(runGit(remote, "rev-parse", "main"), bad);
  assert.equal(runGit(remote, "rev-parse", `${branch}^`), bad);
  assert.equal(runGit(remote, "rev-parse", `${branch}:${path}`), runGit(remote, "rev-parse", `${good}:${path}`));
});

test("where the directory is no longer what failed, or there is no branch, it is decided again", async (t) => {
  const { git, bad, request } = await failing(t);
  assert.deepEqual(await proposeRollback(git, { ...request, branch: "none" }), { kind: "moved" });
  await git.push(await commitFiles(git, bad, { [`${path}/a.yaml`]: "fixed\n" }), "main", bad);
  assert.deepEqual(await proposeRollback(git, request), { kind: "moved" });
});

test("a branch that somebody else committed to, a base that changed, and a refusing Git are each told as such", async (t) => {
  const { git, remote, bad, request } = await failing(t);
  await proposeRollback(git, request);
  const tip = runGit(remote, "rev-parse", branch);
  await git.push(await commitFiles(git, tip, { [`${path}/a.yaml`]: "theirs\n" }), branch, tip);
  const theirs = await proposeRollback(git, request);
  assert.ok(theirs.kind === "denied");
  assert.match(theirs.problem.message, /has the commit [0-9a-f]{8} of somebody else/);

  const { tree } = request.restores;
  const composed = { directory: tree, bases: [{ path: "other", tree: "9".repeat(40) }] };
  const based = await proposeRollback(git, { ...request, restores: { ...request.restores, composed } });
  assert.ok(based.kind === "denied");
  assert.equal(based.problem.code, "base-changed");

  runGit(remote, "update-ref", "-d", `refs/heads/${branch}`);
  await git.fetch();
  writeFileSync(join(remote, "hooks", "pre-receive"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  const denied = await proposeRollback(git, request);
  assert.ok(denied.kind === "denied");
  assert.notEqual(denied.problem.code, "proposal-theirs");
  assert.equal(runGit(remote, "rev-parse", "main"), bad);
});
