import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { folderCache } from "./folder-cache.ts";
import { parseLdd } from "./host-runtime.ts";
import { systemFiles } from "./system-files.ts";

const content = Buffer.from("text\n");

test("a temporary folder is gone afterwards, also when its use fails", async () => {
  const seen: string[] = [];
  await systemFiles.withTempFolder(async (folder) => {
    seen.push(folder);
    await systemFiles.write(folder, [{ kind: "file", path: "a/b", content, executable: false }]);
  });
  await assert.rejects(
    systemFiles.withTempFolder((folder) => {
      seen.push(folder);
      return Promise.reject(new Error("fails"));
    }),
    /fails/,
  );
  assert.deepEqual(
    seen.map((folder) => existsSync(folder)),
    [false, false],
  );
});

test("what is written is listed in the order of paths, and read again", async () => {
  await systemFiles.withTempFolder(async (folder) => {
    await systemFiles.write(folder, [
      { kind: "link", path: "z", target: "a/b" },
      { kind: "file", path: "a/run", content, executable: true },
      { kind: "file", path: "a/b", content, executable: false },
    ]);
    assert.deepEqual(await systemFiles.list(folder), [
      { kind: "folder", path: "a" },
      { kind: "file", path: "a/b", size: 5, executable: false },
      { kind: "file", path: "a/run", size: 5, executable: true },
      { kind: "link", path: "z", target: "a/b" },
    ]);
    const chunks: Uint8Array[] = [];
    for await (const chunk of systemFiles.read(join(folder, "a/b"))) chunks.push(chunk);
    assert.deepEqual(Buffer.concat(chunks), content);
  });
});

test("nothing that exists is overwritten, and no file is written through a link", async () => {
  await systemFiles.withTempFolder(async (folder) => {
    const entry = { kind: "file", path: "a", content, executable: false } as const;
    await systemFiles.write(folder, [entry]);
    await assert.rejects(systemFiles.write(folder, [entry]), /EEXIST/);
    await assert.rejects(
      systemFiles.write(folder, [
        { kind: "link", path: "out", target: "/" },
        { kind: "file", path: "out/x", content, executable: false },
      ]),
      /EEXIST/,
    );
  });
});

test("a cache gives back what was put, and knows nothing else", async () => {
  await systemFiles.withTempFolder(async (folder) => {
    const cache = folderCache(join(folder, "deeper"));
    assert.equal(await cache.get("key"), undefined);
    await cache.put("key", { a: [1] });
    await cache.put("key", { a: [2] });
    assert.deepEqual(await cache.get("key"), { a: [2] });
    assert.equal(await cache.get("other"), undefined);
  });
});

test("the libraries that ldd names are found, the loader too, the kernel's and missing ones not", () => {
  const output = `\tlinux-vdso.so.1 (0x00007faa4a278000)
\tlibstdc++.so.6 => /lib/x86_64-linux-gnu/libstdc++.so.6 (0x00007faa4a000000)
\tlibgone.so.1 => not found
\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007faa49d3e000)
\t/lib64/ld-linux-x86-64.so.2 (0x00007faa4a27a000)
`;
  assert.deepEqual(parseLdd(output), [
    "/lib/x86_64-linux-gnu/libc.so.6",
    "/lib/x86_64-linux-gnu/libstdc++.so.6",
    "/lib64/ld-linux-x86-64.so.2",
  ]);
  assert.deepEqual(parseLdd("\tnot a dynamic executable\n"), []);
});
