import assert from "node:assert/strict";
import { test } from "node:test";
import { systemProcesses } from "./system-processes.ts";

const node = process.execPath;

test("runs argv as given, with exactly the environment given and the input", async () => {
  const script =
    "process.stdin.on('data', d => console.log(JSON.stringify([process.argv.slice(1), process.env, `${d}`])))";
  const done = await systemProcesses.run({
    file: node,
    args: ["-e", script, "--", "a b", "$HOME; ls"],
    env: { ONLY: "this" },
    stdin: "hello",
  });
  assert.equal(done.code, 0);
  const [args, env, input] = JSON.parse(done.stdout.toString()) as [string[], Record<string, string>, string];
  assert.deepEqual(args, ["a b", "$HOME; ls"]);
  assert.equal(env["ONLY"], "this");
  assert.equal(env["HOME"], undefined);
  assert.equal(input, "hello");
});

test("a missing program is a value", async () => {
  const done = await systemProcesses.run({ file: "/no/such/program", args: [], env: {} });
  assert.deepEqual([done.missing, done.code], [true, null]);
});

test("exit codes and what was said on stderr come back", async () => {
  const done = await systemProcesses.run({ file: node, args: ["-e", "console.error('no'); process.exit(3)"], env: {} });
  assert.deepEqual([done.code, done.stderr.trim(), done.missing], [3, "no", false]);
});

test("output beyond the bound ends the program", async () => {
  const endless = "for (;;) require('fs').writeSync(1, 'x'.repeat(65536))";
  const done = await systemProcesses.run({ file: node, args: ["-e", endless], env: {}, maxOutputBytes: 100_000 });
  assert.equal(done.overflowed, true);
  assert.equal(done.code, null);
  assert.ok(done.stdout.length <= 100_000);
});

test("a timeout ends the program", async () => {
  const done = await systemProcesses.run({
    file: node,
    args: ["-e", "setInterval(()=>0, 1e6)"],
    env: {},
    timeoutMs: 200,
  });
  assert.deepEqual([done.timedOut, done.signal], [true, "SIGKILL"]);
});

test("an abort ends the program and what it started", async () => {
  const script = `const c = require('child_process').spawn(process.execPath, ['-e', 'setInterval(()=>0, 1e6)'], { stdio: 'inherit' });
    console.log(c.pid); setInterval(()=>0, 1e6)`;
  const abort = new AbortController();
  let grandchild = 0;
  const done = await systemProcesses.run({
    file: node,
    args: ["-e", script],
    env: {},
    signal: abort.signal,
    onOutput: (text) => {
      grandchild = Number(text);
      abort.abort();
    },
  });
  // "close" comes only when the pipes close, and the grandchild held them: it is gone, or run would still wait.
  assert.equal(done.signal, "SIGKILL");
  assert.ok(grandchild > 0);
});
