import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

/** Those that no test of the engine on the embedded cluster says as well; `npm run conformance` holds all of them. */
const names = "d1 d1both d2 d5 r4 r8 b1crashloop p1 p3 o2 o4".split(" ");

test("behaviours hold on the embedded cluster, seen from outside", { timeout: 480_000 }, async (t) => {
  const main = fileURLToPath(new URL("../src/cli/main.js", import.meta.url));
  const child = spawn(process.execPath, [main, "conformance", "--at-once=3", "--only", ...names], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  t.after(() => child.kill());
  let [said, told] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (told += text));
  const code = await new Promise((resolve) => child.once("close", resolve));
  assert.equal(code, 0, told);
  assert.match(said, /^\d{2} passed, 0 failed/);
});
