import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { commitFiles } from "./git-contract-in-test.ts";
import type { PushResult } from "./git.ts";
import { runGit, temporaryRepository } from "./temporary-repository-in-test.ts";

test("a server that could not keep what was pushed, as with a full disk, is asked again and not taken for one that declines", async (t) => {
  const { remote, open } = temporaryRepository(t);
  const git = await open();
  const first = await commitFiles(git, undefined, { a: "1" });
  const push = (): Promise<PushResult> => git.push(first, "main", undefined);
  const failing = async (reason: RegExp): Promise<void> => {
    const result = await push();
    assert.ok(result.kind === "unreachable", JSON.stringify(result));
    assert.equal(result.problem.code, "repository-busy");
    assert.match(result.problem.message, reason);
  };
  runGit(remote, "config", "receive.maxInputSize", "1");
  await failing(/unpacker error/);
  runGit(remote, "config", "--unset", "receive.maxInputSize");
  // Nothing can be put where the packs are.
  runGit(remote, "config", "receive.unpackLimit", "1");
  const packs = join(remote, "objects", "pack");
  rmSync(packs, { recursive: true });
  writeFileSync(packs, "");
  await failing(/unable to migrate objects/);
  rmSync(packs);
  assert.deepEqual(await push(), { kind: "pushed" });
});
