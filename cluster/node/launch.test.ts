import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { launchWords } from "./launch.ts";

/** An ELF file of which the headers alone are there: a machine and perhaps a loader. */
function elf(loader?: string, machine = process.arch === "x64" ? 62 : 183): Buffer {
  const head = Buffer.alloc(64 + 56);
  head.writeUInt32BE(0x7f454c46, 0);
  head[4] = 2;
  head[5] = 1;
  head.writeUInt16LE(machine, 0x12);
  head.writeBigUInt64LE(64n, 0x20);
  head.writeUInt16LE(56, 0x36);
  head.writeUInt16LE(1, 0x38);
  const text = Buffer.from(`${loader ?? ""}\0`);
  head.writeUInt32LE(loader === undefined ? 1 : 3, 64);
  head.writeBigUInt64LE(BigInt(head.length), 64 + 8);
  head.writeBigUInt64LE(BigInt(text.length), 64 + 0x20);
  return Buffer.concat([head, text]);
}

async function rootWith(t: TestContext, files: Readonly<Record<string, Buffer | string>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "launch-test-"));
  t.after(() => rm(root, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), content);
    await chmod(join(root, name), 0o755);
  }
  return root;
}

test("A program that needs a loader is started by the image's own, with the image's libraries", async (t) => {
  const root = await rootWith(t, {
    "bin/tool": elf("/lib64/ld.so"),
    "lib64/ld.so": "knows --argv0",
    "usr/lib/x86_64-linux-gnu/libc.so.6": "",
    "etc/ld.so.conf.d/own.conf": "# more\n/opt/lib\n",
  });
  const [loader, option, folders = "", ...rest] = await launchWords(join(root, "bin/tool"), join(root, "link"), root);
  assert.deepEqual([loader, option], [join(root, "lib64/ld.so"), "--library-path"]);
  assert.deepEqual(rest, ["--argv0", join(root, "link"), join(root, "bin/tool")]);
  assert.ok(folders.startsWith(`${join(root, "opt/lib")}:${join(root, "usr/lib/x86_64-linux-gnu")}:`), folders);
  assert.ok(folders.split(":").every((folder) => folder.startsWith(root)));
});

test("A script is started by the image's interpreter, which is started like any program", async (t) => {
  const root = await rootWith(t, {
    "run.sh": "#!/bin/sh -e\necho\n",
    "bin/sh": elf("/lib/ld.so"),
    "lib/ld.so": "of old",
    "own.sh": "#! /bin/env-not-here",
    "loop.sh": "#!/loop.sh",
  });
  const words = await launchWords(join(root, "run.sh"), "./run.sh", root);
  assert.equal(words[0], join(root, "lib/ld.so"));
  assert.deepEqual(words.slice(3), [join(root, "bin/sh"), "-e", join(root, "run.sh")]);
  await assert.rejects(launchWords(join(root, "own.sh"), join(root, "own.sh"), root), {
    message:
      'exec: "/own.sh": cannot be run without a container runtime: its interpreter /bin/env-not-here is neither in the image nor on this machine',
  });
  await assert.rejects(launchWords(join(root, "loop.sh"), "loop.sh", root), /its interpreter \/loop\.sh is neither/);
});

test("What needs no loader, or this machine's, is the kernel's to start; what nobody can run is refused by name", async (t) => {
  const root = await rootWith(t, {
    static: elf(),
    machines: elf("/bin/sh"),
    text: "no program",
    musl: elf("/lib/ld-not-here.so.1"),
    foreign: elf(undefined, 22),
    "shell.sh": "#!/bin/sh\n",
  });
  for (const name of ["static", "machines", "text", "shell.sh"]) {
    assert.deepEqual(await launchWords(join(root, name), name, root), [join(root, name)]);
  }
  const refused = (name: string, why: RegExp) => assert.rejects(launchWords(join(root, name), name, root), why);
  await refused("musl", /its loader \/lib\/ld-not-here\.so\.1 is neither in the image nor on this machine$/);
  await refused("foreign", /it is not built for this machine/);
});
