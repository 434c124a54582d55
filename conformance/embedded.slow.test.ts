import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

test("every behaviour holds on the embedded cluster", { timeout: 480_000 }, async (t) => {
  const main = fileURLToPath(new URL("../src/cli/main.js", import.meta.url));
  const child = spawn(process.execPath, [main, "conformance", "--at-once=3"], { stdio: ["ignore", "pipe", "pipe"] });
  t.after(() => child.kill());
  let [said, told] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (told += text));
  const code = await new Promise((resolve) => child.once("close", resolve));
  assert.equal(code, 0, told);
  assert.match(said, /^\d{2} passed, 0 failed/);
});
