import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { looseObjects } from "./loose-objects.ts";
import { runGit, temporaryRepository } from "./temporary-repository-in-test.ts";

test("what is written here is what git itself would have written, and git finds nothing wrong with it", async (t) => {
  const { open, root } = temporaryRepository(t);
  const git = await open("mirror");
  const mirror = join(root, "mirror");
  const by = (input: string | Buffer, ...args: readonly string[]): string =>
    execFileSync("git", ["-C", mirror, ...args], { input, encoding: "utf8" }).trim();

  const contents = ["", "text\n", "a\0b", "x".repeat(300_000)];
  const blobs = await Promise.all(contents.map((content) => git.writeBlob(content)));
  assert.deepEqual(
    blobs,
    contents.map((content) => by(content, "hash-object", "--stdin")),
  );
  const [id = ""] = blobs;
  // A directory is sorted as if its name ended in a slash: between "a-b" and "a0".
  const paths = ["a/b", "a-b", "a0", "a.c", "ä", "A", "z z"];
  const tree = await git.writeTree(undefined, new Map(paths.map((path) => [path, { mode: "100755", id }])));
  assert.equal(by(by("", "ls-tree", "-z", tree), "mktree", "-z"), tree);

  for (const [name, email] of [
    ["A B", "a@example.com"],
    ['  "A" <B>.,', "<a@b\nc>"],
    ["Ä\\", "'"],
  ] as const) {
    const signature = { name, email, at: 1_700_000_000.5 };
    const date = "@1700000000 +0000";
    const env = {
      ...process.env,
      GIT_AUTHOR_NAME: name,
      GIT_AUTHOR_EMAIL: email,
      GIT_AUTHOR_DATE: date,
      GIT_COMMITTER_NAME: name,
      GIT_COMMITTER_EMAIL: email,
      GIT_COMMITTER_DATE: date,
    };
    const message = "Say ö\n\nwithout an end";
    const written = await git.writeCommit({ tree, parents: [], message, signature });
    const args = ["-C", mirror, "commit-tree", "-F", "-", tree];
    assert.equal(written, execFileSync("git", args, { input: message, encoding: "utf8", env }).trim(), name);
  }
  runGit(mirror, "fsck", "--strict", "--full");
  await assert.rejects(
    git.writeCommit({ tree, parents: [], message: "a\0b", signature: { name: "A", email: "a@b", at: 0 } }),
    { name: "ProblemError" },
  );
});

test("written at once or again it is one object, and a mirror that is gone is said so", async (t) => {
  const { open, root } = temporaryRepository(t);
  await open("mirror");
  const folder = join(root, "mirror");
  const write = looseObjects(folder);
  const ids = await Promise.all(Array.from({ length: 8 }, () => write("blob", "the same")));
  const [id = ""] = ids;
  assert.deepEqual(new Set(ids).size, 1);
  assert.deepEqual(readdirSync(join(folder, "objects", id.slice(0, 2))), [id.slice(2)]);
  rmSync(folder, { recursive: true });
  await assert.rejects(write("blob", "another"), { name: "ProblemError", message: /ENOENT/ });
});
