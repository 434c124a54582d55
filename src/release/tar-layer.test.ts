import assert from "node:assert/strict";
import { test } from "node:test";
import { Readable } from "node:stream";
import { extract, type Header } from "tar-stream";
import { digestOf } from "./image.ts";
import { tarLayer, type LayerEntry } from "./tar-layer.ts";

function file(path: string, text: string, executable = false): LayerEntry {
  const content = Buffer.from(text);
  return { kind: "file", path, executable, size: content.length, content: () => Readable.from([content]) };
}

const entries: readonly LayerEntry[] = [
  file("app/dist/main.js", "console.log(1);\n"),
  file("app/bin/run", "#!/bin/sh\n", true),
  { kind: "link", path: "app/link", target: "dist/main.js" },
  file("app/empty", ""),
  file(`app/${"long/".repeat(40)}ä.txt`, "long"),
];

async function layer(of: readonly LayerEntry[]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of tarLayer(of)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

test("a layer holds its folders and entries in order, with the same owner, modes and times everywhere", async () => {
  const headers: Header[] = [];
  const reader = extract();
  reader.end(await layer(entries));
  for await (const entry of reader) {
    headers.push(entry.header);
    entry.resume();
  }
  const short = headers.filter(({ name }) => !name.includes("long"));
  assert.deepEqual(
    short.map(({ name, type, mode, size }) => [name, type, mode?.toString(8), size]),
    [
      ["app/", "directory", "755", 0],
      ["app/bin/", "directory", "755", 0],
      ["app/bin/run", "file", "755", 10],
      ["app/dist/", "directory", "755", 0],
      ["app/dist/main.js", "file", "644", 16],
      ["app/empty", "file", "644", 0],
      ["app/link", "symlink", "777", 0],
    ],
  );
  assert.equal(headers.length - short.length, 41, "a path longer than the format's field survives");
  for (const { uid, gid, mtime } of headers) assert.deepEqual([uid, gid, mtime?.getTime()], [0, 0, 0]);
});

test("the same entries are the same bytes, whatever their order; and on every machine and Node these", async () => {
  const bytes = await layer(entries);
  assert.deepEqual(await layer(entries.toReversed()), bytes);
  assert.equal(digestOf(bytes), "sha256:a3f59e235762248ca748c6cd288a672c2a1610c2a13beb675e133434a3590f36");
});

test("a file that cannot be read, or is not as long as it was, ends the layer with an error", async () => {
  const broken: LayerEntry = {
    ...(entries[0] as LayerEntry & { kind: "file" }),
    content: () => {
      throw new Error("gone");
    },
  };
  await assert.rejects(layer([broken]), /gone/);
  await assert.rejects(layer([{ ...(entries[0] as LayerEntry & { kind: "file" }), size: 3 }]), /size/i);
});
