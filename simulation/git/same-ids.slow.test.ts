import assert from "node:assert/strict";
import { test } from "node:test";
import { commitFiles } from "../../src/io/git/git-contract-in-test.ts";
import { temporaryRepository } from "../../src/io/git/temporary-repository-in-test.ts";
import { memoryGit } from "./memory-git.ts";
import { MemoryRemote } from "./memory-remote.ts";

test("what is written in memory has the ids that git itself gives it", async (t) => {
  const real = await temporaryRepository(t).open();
  const memory = memoryGit(new MemoryRemote());
  const written = await Promise.all(
    [real, memory].map(async (git) => {
      const first = await commitFiles(git, undefined, { "a/b": "1", "a.c": "2", "a-d/e ä": "3", "a/z/y": "" });
      const second = await commitFiles(
        git,
        first,
        { "a/b": null, "a/z/y": null, "a-d": "a file now" },
        "Two\n\nA: b\n",
      );
      return [first, second];
    }),
  );
  assert.deepEqual(written[1], written[0]);
});
