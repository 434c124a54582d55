import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { commitFiles } from "../io/git/git-contract-in-test.ts";
import { runGit, temporaryRepository } from "../io/git/temporary-repository-in-test.ts";
import { sampleApplication } from "../source/sample-application-in-test.ts";
import { promote, promotionBranch } from "./promote.ts";
import type { PromotionRequest } from "./promote.ts";

const path = "production/probe";
const image = (digit: string): string => `example.test/app:v${digit}@sha256:${digit.repeat(64)}`;
const manifest = (reference: string): string => `kind: Deployment\nspec: { image: "${reference}" } # stays\n`;
const application = sampleApplication({ id: path, path, environment: "production" });

async function opened(t: TestContext) {
  const repository = temporaryRepository(t);
  const git = await repository.open();
  const base = await commitFiles(git, undefined, { [`${path}/a.yaml`]: manifest(image("1")), "other/a.yaml": "1\n" });
  await git.push(base, "main", undefined);
  const tree = (await git.treeAt(base, path)) ?? assert.fail("the directory is there");
  const request: PromotionRequest = {
    application,
    branch: "main",
    via: "commit",
    onto: { tree },
    candidate: { from: "staging/probe", commit: "2".repeat(40), images: [image("2")] },
    failed: new Map(),
  };
  return { ...repository, git, base, request };
}

test("one commit on the tracked branch pins the images and touches nothing else", async (t) => {
  const { git, remote, base, request } = await opened(t);
  const promoted = await promote(git, request);
  assert.deepEqual(promoted, { kind: "promoted", commit: runGit(remote, "rev-parse", "main") });
  assert.equal(runGit(remote, "rev-parse", "main^"), base);
  assert.equal(runGit(remote, "show", `main:${path}/a.yaml`), manifest(image("2")).trimEnd());
  assert.equal(runGit(remote, "diff", "--name-only", base, "main"), `${path}/a.yaml`);
});

test("by a branch it is proposed there, the tracked branch stays, and a branch of somebody else's is left alone", async (t) => {
  const { git, remote, base, request } = await opened(t);
  const byBranch = { ...request, via: "branch" } as const;
  const branch = promotionBranch(application);
  assert.deepEqual(await promote(git, byBranch), { kind: "proposed", commit: runGit(remote, "rev-parse", branch) });
  assert.equal(runGit(remote, "rev-parse", "main"), base);
  const tip = runGit(remote, "rev-parse", branch);
  await git.push(await commitFiles(git, tip, { [`${path}/a.yaml`]: "theirs\n" }), branch, tip);
  const left = await promote(git, byBranch);
  assert.ok(left.kind === "impossible");
  assert.match(
    left.problem.message,
    /the branch plumbline\/promote\/production-probe has the commit [0-9a-f]{8} of somebody else/,
  );
});

test("what is not as it was when it was decided is decided again: the directory, or that there is none, or no branch", async (t) => {
  const { git, base, request } = await opened(t);
  assert.deepEqual(await promote(git, { ...request, branch: "none" }), { kind: "moved" });
  const nowhere = { ...request, application: { ...application, path: "production/none" } };
  assert.deepEqual(await promote(git, nowhere), { kind: "moved" });
  await git.push(await commitFiles(git, base, { [`${path}/b.yaml`]: "new\n" }), "main", base);
  assert.deepEqual(await promote(git, request), { kind: "moved" });
});

test("a tracked branch that others moved meanwhile, or that takes no commit, is not forced", async (t) => {
  const { git, open, remote, base, request } = await opened(t);
  const other = await open();
  await other.fetch();
  await other.push(await commitFiles(other, base, { "other/a.yaml": "2\n" }), "main", base);
  assert.equal((await promote(git, request)).kind, "moved");
  await git.fetch();
  writeFileSync(join(remote, "hooks", "pre-receive"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  assert.equal((await promote(git, request)).kind, "denied");
});

test("an image that failed here is rejected, with the commit that brought it and the words that let it in again", async (t) => {
  const { git, base, request } = await opened(t);
  const rejected = await promote(git, { ...request, failed: new Map([[base, [image("2")]]]) });
  assert.ok(rejected.kind === "rejected");
  assert.ok(
    rejected.problem.message.includes(`${image("2")} failed in ${path} or was taken back (${base.slice(0, 8)})`),
  );
  assert.match(rejected.problem.remedy ?? "", new RegExp(`Plumbline-Accept: sha256:${"2".repeat(64)}`));
  assert.equal((await promote(git, { ...request, failed: new Map([[base, [image("3")]]]) })).kind, "promoted");
});

test("what cannot be pinned is said: no manifest that refers to it, or one that is broken", async (t) => {
  const { git, base, request } = await opened(t);
  const images = [`example.test/another:v1@sha256:${"4".repeat(64)}`];
  const nothing = await promote(git, { ...request, candidate: { ...request.candidate, images } });
  assert.ok(nothing.kind === "impossible");
  assert.equal(nothing.problem.code, "image-not-referenced");
  const noReference = { ...request.candidate, images: ["No Reference"] };
  assert.equal((await promote(git, { ...request, candidate: noReference })).kind, "impossible");
  const split = `kind: Deployment\nspec:\n  image: >-\n    ${image("1")}\n`;
  const broken = await commitFiles(git, base, { [`${path}/a.yaml`]: `${split}  other: [\n` });
  await git.push(broken, "main", base);
  const onto = { tree: (await git.treeAt(broken, path)) ?? "" };
  const result = await promote(git, { ...request, onto });
  assert.ok(result.kind === "impossible");
  assert.equal(result.problem.where?.file, `${path}/a.yaml`);
});
