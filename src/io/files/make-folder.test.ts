import assert from "node:assert/strict";
import { mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { makeFolder } from "./make-folder.ts";

test("a folder is made with those above it, by several at once too, and once it is there nothing happens", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "plumb-folder-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const deep = join(folder, "a", "b", "c");
  await Promise.all([makeFolder(deep, 0o700), makeFolder(deep, 0o700), makeFolder(join(folder, "a", "d"), 0o700)]);
  await makeFolder(deep);
  assert.equal((await stat(deep)).mode & 0o777, 0o700);
});

test("a file in the way is named by the system's own error", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "plumb-folder-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "file"), "");
  await assert.rejects(makeFolder(join(folder, "file")), { code: "EEXIST" });
  await assert.rejects(makeFolder(join(folder, "file", "x", "y")), { code: "ENOTDIR" });
  await symlink(join(folder, "nowhere"), join(folder, "link"));
  await assert.rejects(makeFolder(join(folder, "link", "x")), { code: "EEXIST" });
});

test("below a place where nothing can be made it is refused", { skip: process.platform !== "linux" }, async () => {
  await assert.rejects(makeFolder("/proc/plumbline/x"), /\/proc\/plumbline cannot be made.*\/proc/);
});
