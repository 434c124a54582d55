import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { commandLine, placeCommand } from "./command.ts";

async function rootOf(t: TestContext): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "command-test-"));
  t.after(() => rm(root, { recursive: true, force: true }));
  await mkdir(join(root, "opt/bin"), { recursive: true });
  await mkdir(join(root, "app"));
  await writeFile(join(root, "opt/bin/tool"), "#!/bin/sh\n");
  await chmod(join(root, "opt/bin/tool"), 0o555);
  await writeFile(join(root, "app/main.js"), "");
  await symlink("/opt/bin/tool", join(root, "app/linked"));
  return root;
}

test("Programs are found in the image first, by path, by link and by PATH, then on the machine", async (t) => {
  const root = await rootOf(t);
  const place = { root, workingDir: "/app", environment: { PATH: "/opt/bin" } };
  const program = async (...words: string[]) => (await placeCommand(words, place)).argv[0];
  const tool = join(root, "opt/bin/tool");
  assert.equal(await program("/opt/bin/tool"), tool);
  assert.equal(await program("tool"), tool);
  assert.equal(await program("./linked"), tool);
  assert.equal(await program("/bin/sh"), "/bin/sh");
  assert.equal(await program("node"), process.execPath);
  await assert.rejects(program("main.js"), { message: 'exec: "main.js": executable file not found in $PATH' });
  await assert.rejects(program("/app/main.js"), {
    message: 'exec: "/app/main.js": stat /app/main.js: no such file or directory',
  });
});

test("Arguments that are files of the image are placed, others stay; the environment is the container's", async (t) => {
  const root = await rootOf(t);
  const environment = { A: "1", PATH: "/opt/bin" };
  const command = await placeCommand(["node", "/app/main.js", "/etc/hosts-not-here", "--x=/app/main.js"], {
    root,
    workingDir: "/app",
    environment,
  });
  assert.deepEqual(command.argv.slice(1), [join(root, "app/main.js"), "/etc/hosts-not-here", "--x=/app/main.js"]);
  assert.equal(command.cwd, join(root, "app"));
  assert.deepEqual(Object.keys(command.environment).toSorted(), ["A", "HOME", "PATH", "TMPDIR"]);
  assert.ok(command.environment["PATH"]?.startsWith(`${join(root, "opt/bin")}:/opt/bin:`));
});

for (const [what, container, words] of [
  ["The image's words are used where the container has none", {}, ["entry", "cmd"]],
  ["Arguments replace the image's Cmd", { args: ["$(A)"] }, ["entry", "1"]],
  ["A command replaces all of the image's", { command: ["own"] }, ["own"]],
] as const) {
  test(what, () => {
    const image = { Entrypoint: ["entry"], Cmd: ["cmd"] };
    assert.deepEqual(
      commandLine({ name: "c", ...structuredClone(container) } as { name: string }, image, { A: "1" }),
      words,
    );
  });
}
