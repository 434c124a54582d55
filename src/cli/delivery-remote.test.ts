import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { repositoryHere } from "./delivery-remote.ts";

test("what `plumb up` made here is meant before the clone that it was started in", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "plumbline-here-"));
  t.after(() => rmSync(folder, { recursive: true }));
  assert.throws(() => repositoryHere(folder), /no `plumb up` has been in/);
  mkdirSync(join(folder, ".git"));
  assert.equal(repositoryHere(folder), folder);
  const remote = join(folder, ".plumb", "git", "deployment.git");
  mkdirSync(remote, { recursive: true });
  assert.equal(repositoryHere(folder), remote);
});
