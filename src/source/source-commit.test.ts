import assert from "node:assert/strict";
import { test } from "node:test";
import type { CommitInfo } from "../io/git/git.ts";
import { sourceCommitOf } from "./source-commit.ts";

const [a, b] = [`backend:v1@sha256:${"a".repeat(64)}`, `frontend:v1@sha256:${"b".repeat(64)}`];
const revision = { commit: "head", tree: "t", subject: "", author: "", committedAt: "" };

function commit(release: string, ...images: readonly string[]): CommitInfo {
  const lines = [`Plumbline-Release: ${release}`, ...images.map((image) => `Plumbline-Image: ${image}`)];
  const message = `Release\n\n${lines.join("\n")}\n`;
  const trailers = release === "" ? {} : { "Plumbline-Release": release };
  return { id: "", tree: "", parents: [], author: "", committedAt: "", subject: "Release", message, trailers };
}

function found(commits: readonly CommitInfo[], images: readonly string[]): Promise<string | undefined> {
  return sourceCommitOf({ saying: () => Promise.resolve(commits) }, revision, "staging/one", images);
}

test("the newest release that names the images tells what they were built from", async () => {
  assert.equal(await found([commit("new", b), commit("old", a, b)], [a]), "old");
  assert.equal(await found([commit("one", a, b)], [a, b]), "one");
});

test("images of several sources, of none that is known, and no image at all have none", async () => {
  assert.equal(await found([commit("new", b), commit("old", a)], [a, b]), undefined);
  assert.equal(await found([commit("old", a)], [a, b]), undefined);
  assert.equal(await found([], [a]), undefined);
  assert.equal(await found([commit("one", a)], []), undefined);
});
