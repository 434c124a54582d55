import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { runGit, temporaryRepository } from "../io/git/temporary-repository-in-test.ts";
import type { Application } from "../model/application.ts";
import { readRevision } from "../source/revision.ts";
import { sourceCommitOf } from "../source/source-commit.ts";
import { rejectedImages } from "./rejected.ts";

const path = "staging/one";
const digest = `sha256:${"1".repeat(64)}`;
const image = `host:5000/a:v1@${digest}`;
const undone = "b".repeat(40);
const rejects = `Roll back\n\nPlumbline-Application: ${path}\nPlumbline-Undoes: ${undone}\nPlumbline-Rejects: ${image}\n`;
const accepts = `Mend\n\nPlumbline-Accept: ${digest}\n`;
const release = `Release\n\nPlumbline-Release: ${"c".repeat(40)}\nPlumbline-Image: ${image}\n`;

/** A person's clone on main with one commit, and what the engine reads there of what was pushed. */
async function opened(t: TestContext) {
  const repository = temporaryRepository(t);
  const folder = join(repository.root, "clone");
  mkdirSync(folder);
  const git = (...args: readonly string[]): string => runGit(folder, ...args);
  git("init", "--quiet", "--initial-branch=main");
  let count = 0;
  const commit = (message: string, file = `${path}/${(count += 1)}.yaml`): string => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), `${(count += 1)}\n`);
    git("add", "--all");
    git("commit", "--quiet", "--message", message);
    return git("rev-parse", "HEAD");
  };
  const branch = (name: string): string => git("switch", "--quiet", "--create", name);
  /** Merges as a forge does, with words of its own. */
  const merge = (name: string, message = "Merge pull request 7", ...more: readonly string[]): string => {
    git("switch", "--quiet", "main");
    git("merge", "--quiet", "--no-ff", ...more, "--message", message, name);
    return git("rev-parse", "HEAD");
  };
  const mirror = await repository.open();
  const pushed = async (): Promise<string> => {
    git("push", "--quiet", "--force", repository.remote, "main");
    assert.ok((await mirror.fetch()).ok);
    return git("rev-parse", "main");
  };
  const rejected = async () => [...(await rejectedImages(mirror, await pushed(), path))];
  commit("Begin");
  return { git, commit, branch, merge, mirror, pushed, rejected };
}

test("a merge brings in what its commits reject and accept, however the forge merges (behaviour B5)", async (t) => {
  const { git, commit, branch, merge, rejected } = await opened(t);
  branch("rollback");
  const said = commit(rejects);
  git("switch", "--quiet", "main");
  commit("Go on", "other/app.yaml");
  assert.deepEqual(await rejected(), [], "proposed, and not merged");
  merge("rollback");
  assert.deepEqual(await rejected(), [[digest, said]]);

  branch("accept");
  commit(accepts);
  commit("And more of it");
  assert.equal((await rejected()).length, 1);
  merge("accept");
  assert.deepEqual(await rejected(), []);

  // Squashed, the message has all of it; rebased, the commits are on the branch itself.
  branch("again");
  commit(rejects);
  git("switch", "--quiet", "main");
  git("merge", "--quiet", "--squash", "again");
  git("commit", "--quiet", "--message", `Squash (#8)\n\n* ${rejects}`);
  assert.equal((await rejected()).length, 1);
  branch("own-words");
  commit("Mend it");
  merge("own-words", accepts);
  assert.deepEqual(await rejected(), [], "the merge commit itself says it");
});

test("of two lines that say both, the rejection counts, and a merge that takes nothing of a branch takes its words", async (t) => {
  const { git, commit, branch, merge, rejected } = await opened(t);
  commit(rejects);
  branch("late");
  const late = commit(rejects);
  git("switch", "--quiet", "main");
  commit(accepts);
  assert.deepEqual(await rejected(), []);
  merge("late");
  assert.deepEqual(await rejected(), [[digest, late]], "who accepted did not know of it");
  commit(accepts);
  assert.deepEqual(await rejected(), []);

  // A branch in a branch: what the inner one says is brought in by the outer merge.
  branch("outer");
  branch("inner");
  const inner = commit(rejects);
  git("switch", "--quiet", "outer");
  git("merge", "--quiet", "--no-ff", "--message", "Merge inner", "inner");
  merge("outer");
  assert.deepEqual(await rejected(), [[digest, inner]]);
  commit(accepts);

  branch("ours");
  commit(rejects);
  merge("ours", "Merge, and keep ours", "--strategy=ours");
  assert.equal((await rejected()).length, 1, "it failed, whatever became of the files");
  branch("beside");
  commit(accepts, "other/app.yaml");
  merge("beside");
  assert.equal((await rejected()).length, 1, "words beside the directory say nothing of it");
});

test("a merged release says what images were built from, and a merged rollback what it undoes", async (t) => {
  const { commit, branch, merge, mirror, pushed } = await opened(t);
  const application = { id: path, path } as Application;
  branch("release");
  commit(release);
  const merged = merge("release");
  const revision = await readRevision(mirror, await pushed(), application);
  assert.ok(revision);
  assert.deepEqual([revision.commit, revision.undoes], [merged, undefined]);
  assert.equal(await sourceCommitOf(mirror, revision, path, [image]), "c".repeat(40));

  branch("rollback");
  commit(rejects);
  merge("rollback");
  assert.equal((await readRevision(mirror, await pushed(), application))?.undoes, undone);
  // With something else besides it is no rollback any more.
  branch("rollback-2");
  commit(rejects);
  commit("And something else");
  merge("rollback-2");
  assert.equal((await readRevision(mirror, await pushed(), application))?.undoes, undefined);
});

test("a history that was made to be slow to read is read in bounded steps, and lets nothing in", async (t) => {
  const { git, commit, mirror, pushed } = await opened(t);
  for (let count = 0; count < 40; count += 1) commit(`Mend ${count}\n\nPlumbline-Accept: ${digest}\n`);
  git("switch", "--quiet", "--create", "side", "HEAD~40");
  for (let count = 0; count < 40; count += 1) commit(rejects);
  git("switch", "--quiet", "main");
  git("merge", "--quiet", "--no-ff", "--message", "Merge", "side");
  let asked = 0;
  const counting = {
    ...mirror,
    isAncestor: (one: string, other: string) => {
      asked += 1;
      return mirror.isAncestor(one, other);
    },
  };
  const rejected = await rejectedImages(counting, await pushed(), path);
  assert.deepEqual([...rejected.keys()], [digest]);
  assert.ok(asked <= 500, `${asked} questions`);
});
