import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ProblemError } from "../../model/problem.ts";
import { readTexts } from "./read-texts.ts";

const unreadable = (error: unknown): boolean =>
  error instanceof ProblemError && error.problem.code === "file-unreadable" && error.problem.remedy !== undefined;

test("a folder gives its files by name, as a mounted Secret lays them out, and a file gives itself", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "plumb-texts-"));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "..2026"));
  writeFileSync(join(folder, "..2026", "b.pub"), "b");
  symlinkSync("..2026", join(folder, "..data"));
  symlinkSync(join("..data", "b.pub"), join(folder, "b.pub"));
  writeFileSync(join(folder, "a.pub"), "a");
  const both = [
    ["a.pub", "a"],
    ["b.pub", "b"],
  ];
  assert.deepEqual([...(await readTexts(folder))], both);
  assert.deepEqual([...(await readTexts(join(folder, "b.pub")))], [["b.pub", "b"]]);

  await assert.rejects(readTexts(join(folder, "nothing")), unreadable);
  writeFileSync(join(folder, "large"), "x".repeat(300_000));
  await assert.rejects(readTexts(folder), unreadable);
  rmSync(join(folder, "large"));
  mkdirSync(join(folder, "below"));
  await assert.rejects(readTexts(folder), unreadable);
});
