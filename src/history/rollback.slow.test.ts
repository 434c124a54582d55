import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import fc from "fast-check";
import { commitFiles } from "../io/git/git-contract-in-test.ts";
import { runGit, temporaryRepository } from "../io/git/temporary-repository-in-test.ts";
import { ProblemError } from "../model/problem.ts";
import { readDeployment } from "../source/deployment.ts";
import { readRevision } from "../source/revision.ts";
import { rollback, writeRollback } from "./rollback.ts";
import type { RollbackRequest } from "./rollback.ts";

async function broken(t: TestContext) {
  const repository = temporaryRepository(t);
  const git = await repository.open();
  const healthy = await commitFiles(git, undefined, {
    "delivery.yaml": "environments: { staging: {} }\n",
    "staging/probe/a.yaml": "good\n",
    "staging/probe/deep/b.yaml": "good\n",
    "staging/other/a.yaml": "1\n",
  });
  const failing = await commitFiles(
    git,
    healthy,
    { "staging/probe/a.yaml": "bad\n", "staging/probe/new.yaml": "bad\n" },
    "Break it",
  );
  const head = await commitFiles(git, failing, { "staging/other/a.yaml": "2\n" }, "Change other");
  await git.push(healthy, "main", undefined);
  await git.push(head, "main", healthy);
  const deployment = await readDeployment(git, head);
  assert.ok(deployment.ok);
  const application = deployment.value.applications.find((found) => found.application.name === "probe")?.application;
  assert.ok(application);
  const revision = await readRevision(git, head, application);
  const tree = await git.treeAt(healthy, application.path);
  assert.ok(revision && tree);
  const request: RollbackRequest = {
    application,
    branch: "main",
    failing: revision,
    restores: { commit: healthy, tree, healthyAt: "2026-11-23T19:00:00.000Z" },
    reason: "CrashLoop",
    rejects: [],
    message: "Pod a crashed.",
  };
  return { ...repository, git, request, healthy, failing, head };
}

test("the rollback of another failure that left the same directory is not taken for this one", async (t) => {
  const { git, request, head } = await broken(t);
  assert.equal((await rollback(git, request)).kind, "pushed");
  const restored = await git.branch("main");
  const other = { ...request, failing: { ...request.failing, commit: head } };
  assert.deepEqual(await rollback(git, other), { kind: "fixed", head: restored });
});

test("a directory whose base is not what it was is not restored, unless what failed is gone already", async (t) => {
  const { git, remote, request, head, healthy } = await broken(t);
  const directory = request.failing.tree;
  const base = { path: "staging/other", tree: (await git.treeAt(healthy, "staging/other")) ?? "" };
  const now = { ...base, tree: (await git.treeAt(head, "staging/other")) ?? "" };
  const shared: RollbackRequest = {
    ...request,
    failing: { ...request.failing, tree: "1".repeat(40), composed: { directory, bases: [now] } },
    restores: {
      ...request.restores,
      tree: "2".repeat(40),
      composed: { directory: request.restores.tree, bases: [base] },
    },
  };
  const denied = await rollback(git, shared);
  assert.deepEqual([denied.kind, denied.kind === "denied" && denied.problem.code], ["denied", "base-changed"]);
  assert.equal(runGit(remote, "rev-parse", "main"), head);
  const fix = await commitFiles(git, head, { "staging/probe/a.yaml": "fixed\n" });
  await git.push(fix, "main", head);
  assert.deepEqual(await rollback(git, shared), { kind: "fixed", head: fix });
});

test("one commit restores the directory byte for byte and touches nothing else", async (t) => {
  const { git, remote, request, healthy, failing, head } = await broken(t);
  const result = await rollback(git, request);
  assert.ok(result.kind === "pushed");
  const { commit } = result.rollback;
  assert.equal(runGit(remote, "rev-parse", "main"), commit);
  assert.equal(runGit(remote, "rev-parse", "main^"), head);
  assert.equal(
    runGit(remote, "rev-parse", "main:staging/probe"),
    runGit(remote, "rev-parse", `${healthy}:staging/probe`),
  );
  assert.equal(runGit(remote, "rev-parse", "main:staging/other"), runGit(remote, "rev-parse", `${head}:staging/other`));
  assert.equal(runGit(remote, "diff", "--name-only", "main^", "main"), "staging/probe/a.yaml\nstaging/probe/new.yaml");
  assert.equal(
    runGit(remote, "log", "-1", "--format=%(trailers:key=Plumbline-Undoes,valueonly)", "main").trim(),
    failing,
  );
  assert.equal(runGit(remote, "log", "-1", "--format=%an <%ae>", "main"), "Plumbline <plumbline@plumbline.dev>");
  assert.match(
    runGit(remote, "log", "-1", "--format=%s", "main"),
    /^Roll back staging\/probe to [0-9a-f]{8}: Pod a crashed$/,
  );
  assert.equal(runGit(remote, "fsck", "--strict"), "");
  const restored = await readRevision(git, commit, request.application);
  assert.deepEqual([restored?.undoes, restored?.tree], [failing, request.restores.tree]);
});

test("done again, or by an engine that was cut off, it is the same commit", async (t) => {
  const { git, open, request } = await broken(t);
  const other = await open();
  await other.fetch();
  const results = await Promise.all([rollback(git, request), rollback(other, request)]);
  const kinds = results.map((result) => result.kind);
  assert.ok(kinds.every((kind) => kind === "pushed" || kind === "moved") && kinds.includes("pushed"), kinds.join());
  const late = await open();
  await late.fetch();
  const again = await rollback(late, request);
  const first = results.find((result) => result.kind === "pushed");
  assert.deepEqual(again, first);
});

test("when somebody pushed meanwhile nothing is written, and a fix makes it unnecessary", async (t) => {
  const { git, open, request, head } = await broken(t);
  const person = await open();
  await person.fetch();
  const aside = await commitFiles(person, head, { README: "hello" });
  await person.push(aside, "main", head);
  assert.deepEqual(await rollback(git, request), { kind: "moved" });
  const fix = await commitFiles(person, aside, { "staging/probe/a.yaml": "fixed\n" });
  await person.push(fix, "main", aside);
  await git.fetch();
  assert.deepEqual(await rollback(git, request), { kind: "fixed", head: fix });
  assert.equal(await git.branch("main"), fix);
});

test("a person's own revert is a fix, not our rollback", async (t) => {
  const { git, request, head } = await broken(t);
  const revert = await commitFiles(
    git,
    head,
    { "staging/probe/a.yaml": "good\n", "staging/probe/new.yaml": null },
    "Revert",
  );
  await git.push(revert, "main", head);
  assert.equal(await git.treeAt(revert, "staging/probe"), request.restores.tree);
  assert.deepEqual(await rollback(git, request), { kind: "fixed", head: revert });
});

test("a healthy tree that is gone, or a branch that is, is said with the remedy", async (t) => {
  const { git, request } = await broken(t);
  const gone = await rollback(git, { ...request, restores: { ...request.restores, tree: "e".repeat(40) } });
  assert.equal(gone.kind === "denied" && gone.problem.code, "healthy-tree-missing");
  const nowhere = await rollback(git, { ...request, branch: "nowhere" });
  assert.equal(nowhere.kind === "denied" && nowhere.problem.code, "branch-not-found");
});

test("a healthy tree that only the mirror has lost is no lost history: it is restored after the next fetch", async (t) => {
  const { git, root, request } = await broken(t);
  const { tree } = request.restores;
  rmSync(join(root, "mirror-1", "objects", tree.slice(0, 2), tree.slice(2)));
  git.close();
  await assert.rejects(rollback(git, request), { name: "ProblemError" });
  assert.ok((await git.fetch()).ok);
  assert.equal((await rollback(git, request)).kind, "pushed");
});

test("a git that cannot write is no lost history: the rollback stays due", async (t) => {
  const { git, request } = await broken(t);
  const full = new ProblemError({ code: "git-failed", message: "git commit-tree failed: no space left on device" });
  await assert.rejects(rollback({ ...git, writeCommit: () => Promise.reject(full) }, request), full);
  assert.equal((await rollback(git, request)).kind, "pushed");
});

test("when the branch was rewritten without its healthy commit, the mirror still restores it", async (t) => {
  const { git, remote, request, head } = await broken(t);
  const orphan = runGit(remote, "commit-tree", `${head}^{tree}`, "-m", "Squash");
  runGit(remote, "update-ref", "refs/heads/main", orphan);
  runGit(remote, "reflog", "expire", "--expire=now", "--all");
  runGit(remote, "gc", "--quiet", "--prune=now");
  await git.fetch();
  const result = await rollback(git, request);
  assert.ok(result.kind === "pushed");
  assert.equal(runGit(remote, "rev-parse", "main^"), orphan);
  assert.equal(runGit(remote, "rev-parse", "main:staging/probe"), request.restores.tree);
  runGit(remote, "fsck", "--connectivity-only");
});

test("the commit's id is a function of parent, restored tree and failing record", async (t) => {
  const { git, open, request, head, failing } = await broken(t);
  const other = await open();
  await other.fetch();
  const ids = new Map<string, string>();
  const input = fc.record({
    parent: fc.constantFrom(head, failing),
    message: fc.constantFrom("One.", "Two."),
    reason: fc.constantFrom("A", "B"),
  });
  await fc.assert(
    fc.asyncProperty(input, async ({ parent, message, reason }) => {
      const key = JSON.stringify([parent, message, reason]);
      const written = await Promise.all(
        [git, other].map(async (each) =>
          writeRollback(each, { ...request, message, reason }, await each.commit(parent)),
        ),
      );
      assert.equal(written[0], written[1]);
      assert.equal(ids.get(key) ?? written[0], written[0]);
      ids.set(key, written[0] ?? "");
      assert.equal(new Set(ids.values()).size, ids.size, "another input is another commit");
    }),
    { numRuns: 12 },
  );
});
