import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { packageFile } from "./package-root.ts";

// Beside what needs a real cluster, since that needs Go as well: actionlint is built from its source, which takes a minute of CPU.
test("actionlint has nothing to say of the workflows", (t) => {
  const bin = mkdtempSync(join(tmpdir(), "plumb-actionlint-"));
  t.after(() => rmSync(bin, { recursive: true, force: true }));
  const program = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12";
  try {
    execFileSync("go", ["install", program], {
      env: { ...process.env, GOBIN: bin, GOFLAGS: "-mod=mod" },
      stdio: "pipe",
    });
  } catch {
    return t.skip("it is built by Go from the module proxy, of which there is one or neither here");
  }
  const workflows = ["github/plan.yml", "github/release.yml", "gitea/plan.yml", "gitea/release.yml"];
  const args = ["-shellcheck=", ...workflows.map((path) => packageFile("docs", "ci", path))];
  assert.equal(execFileSync(join(bin, "actionlint"), args, { encoding: "utf8" }), "");
});
