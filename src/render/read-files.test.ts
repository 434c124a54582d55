import assert from "node:assert/strict";
import { test } from "node:test";
import type { TreeEntry } from "../io/git/git.ts";
import { checkEntries } from "./read-files.ts";

function entry(path: string, more: Partial<TreeEntry> = {}): TreeEntry {
  return { path, mode: "100644", type: "blob", id: "0".repeat(40), size: 10, ...more };
}

test("plain files of any kind are taken", () => {
  assert.deepEqual(
    checkEntries(
      [entry("a.yaml"), entry("deep/er/b.json"), entry("README.md"), entry("x/a.yaml"), entry("ü.yaml")],
      "s/p",
    ),
    [],
  );
});

test("each trick is refused by name, with the file", () => {
  const cases: [TreeEntry | TreeEntry[], string, string][] = [
    [entry("l", { mode: "120000" }), "symlink-refused", "s/p/l"],
    [entry("m", { mode: "160000", type: "commit" }), "submodule-refused", "s/p/m"],
    [entry("a\\b.yaml"), "path-refused", "s/p"],
    [entry("a\u0001.yaml"), "path-refused", "s/p"],
    [entry("x/../y.yaml"), "path-refused", "s/p"],
    [entry("x/.GIT/config"), "path-refused", "s/p"],
    [entry("\u202efdp.yaml"), "path-refused", "s/p"],
    [entry("Chart.yaml"), "helm-not-supported", "s/p/Chart.yaml"],
    [entry("big.yaml", { size: 3_000_000 }), "manifest-too-large", "s/p/big.yaml"],
    [[entry("A.yaml"), entry("a.yaml")], "path-collision", "s/p/a.yaml"],
    [[entry("D/x.yaml"), entry("d/y.yaml")], "path-collision", "s/p/d"],
    [[entry("e\u0301.yaml"), entry("\u00e9.yaml")], "path-collision", "s/p/\u00e9.yaml"],
    [Array.from({ length: 5001 }, (_, n) => entry(`${n}.md`)), "too-many-files", "s/p"],
    [Array.from({ length: 20 }, (_, n) => entry(`${n}.yaml`, { size: 2_000_000 })), "manifests-too-large", "s/p"],
  ];
  for (const [entries, code, file] of cases) {
    const problems = checkEntries([entries].flat(), "s/p");
    assert.deepEqual([problems[0]?.code, problems[0]?.where?.file], [code, file]);
    assert.ok(problems[0]?.remedy);
  }
});

test("large files that are no manifests are nobody's business", () => {
  assert.deepEqual(checkEntries([entry("video.mp4", { size: 1e10 })], "s/p"), []);
});
