import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { commitFiles } from "../io/git/git-contract-in-test.ts";
import { runGit, temporaryRepository } from "../io/git/temporary-repository-in-test.ts";
import { propose } from "./propose.ts";

const branch = "plumbline/promote/production-probe";
const path = "production/probe";
const message = `Promote\n\nPlumbline-Application: ${path}\n`;

async function opened(t: TestContext) {
  const repository = temporaryRepository(t);
  const git = await repository.open();
  const base = await commitFiles(git, undefined, { [`${path}/a.yaml`]: "1\n", "other/a.yaml": "1\n" });
  await git.push(base, "main", undefined);
  /** Proposes `text` for the file on top of a commit. */
  const offer = async (onto: string, text: string) => {
    const commit = await git.commit(onto);
    const id = await git.writeBlob(text);
    const tree = await git.writeTree(commit.tree, new Map([[`${path}/a.yaml`, { mode: "100644", id }]]));
    return propose(git, { branch, onto: commit, tree, application: path, path, message });
  };
  const tip = (): string => runGit(repository.remote, "rev-parse", branch);
  return { ...repository, git, base, offer, tip };
}

test("the same proposal is written once, wherever it is made, and again only when the directory changes", async (t) => {
  const { git, base, offer, tip } = await opened(t);
  const first = await offer(base, "2\n");
  assert.deepEqual(first, { kind: "proposed", commit: tip() });
  assert.deepEqual(await offer(base, "2\n"), first);
  const beside = await commitFiles(git, base, { "other/a.yaml": "2\n" });
  assert.deepEqual(await offer(beside, "2\n"), first, "what is beside the directory makes no new commit");
});

test("each later commit follows the branch and the tracked branch, so that nothing is forced", async (t) => {
  const { git, remote, base, offer, tip } = await opened(t);
  await offer(base, "2\n");
  const before = tip();
  const main = await commitFiles(git, base, { [`${path}/b.yaml`]: "1\n", "other/a.yaml": "2\n" });
  const next = await offer(main, "3\n");
  assert.deepEqual(next, { kind: "proposed", commit: tip() });
  assert.equal(runGit(remote, "log", "-1", "--format=%P", branch), `${before} ${main}`);
  assert.equal(runGit(remote, "diff", "--name-only", main, branch), `${path}/a.yaml`);
  runGit(remote, "fsck", "--strict");
});

test("after a merge the branch goes on from the tracked branch alone", async (t) => {
  const { git, remote, base, offer, tip } = await opened(t);
  await offer(base, "2\n");
  const merged = await commitFiles(git, tip(), { "other/a.yaml": "2\n" });
  assert.equal((await offer(merged, "3\n")).kind, "proposed");
  assert.equal(runGit(remote, "log", "-1", "--format=%P", branch), merged);
});

test("a branch that somebody else committed to is left to them", async (t) => {
  const { git, base, offer, tip } = await opened(t);
  await offer(base, "2\n");
  const theirs = await commitFiles(git, tip(), { [`${path}/a.yaml`]: "4\n" });
  await git.push(theirs, branch, tip());
  assert.deepEqual(await offer(base, "3\n"), { kind: "theirs", commit: theirs });
  assert.equal(tip(), theirs);
});
