import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test, type TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { copyTree, unpackLayer } from "./layer.ts";
import { type LayerEntry, tarOf } from "./layout-in-test.ts";

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "layer-test-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function unpack(tree: string, entries: readonly LayerEntry[], gzip = true): Promise<void> {
  const tar = await tarOf(entries);
  const bytes = gzip ? gzipSync(tar) : tar;
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  const mediaType = `application/vnd.oci.image.layer.v1.tar${gzip ? "+gzip" : ""}`;
  await unpackLayer(Readable.from([bytes]), { digest, mediaType, size: bytes.length, diffId: undefined }, tree);
}

/** The layers laid over each other, each over a copy of what was below. */
async function compose(t: TestContext, layers: readonly (readonly LayerEntry[])[]): Promise<string> {
  const folder = await folderOf(t);
  await mkdir(join(folder, "0"));
  for (const [at, entries] of layers.entries()) {
    await copyTree(join(folder, `${at}`), join(folder, `${at + 1}`));
    await unpack(join(folder, `${at + 1}`), entries, at % 2 === 0);
  }
  return join(folder, `${layers.length}`);
}

test("Layers lie over each other: the upper file wins, whiteouts take away, opaque directories hide", async (t) => {
  const root = await compose(t, [
    [
      { name: "etc/a", text: "lower a" },
      { name: "etc/b", text: "lower b" },
      { name: "var/", type: "directory" },
      { name: "var/old", text: "old" },
      { name: "bin/run", text: "#!", mode: 0o755 },
    ],
    [
      { name: "./etc/a", text: "upper a" },
      { name: "etc/.wh.b" },
      { name: "var/.wh..wh..opq" },
      { name: "/var/new", text: "new" },
    ],
  ]);
  assert.equal(await readFile(join(root, "etc/a"), "utf8"), "upper a");
  assert.deepEqual(await readdir(join(root, "etc")), ["a"]);
  assert.deepEqual(await readdir(join(root, "var")), ["new"]);
  assert.equal((await stat(join(root, "bin/run"))).mode & 0o777, 0o555);
});

test("A whiteout hides what was below, not what its own layer brings, and no image below loses it", async (t) => {
  const lower = [
    { name: "d/old", text: "old" },
    { name: "d/e/old", text: "old" },
    { name: "f", text: "lower" },
  ];
  const upper = [
    { name: "d/e/new", text: "new" },
    { name: "d/.wh..wh..opq" },
    { name: "f", text: "upper" },
    { name: ".wh.f" },
  ];
  const root = await compose(t, [lower, upper]);
  assert.deepEqual((await readdir(root, { recursive: true })).toSorted(), ["d", "d/e", "d/e/new", "f"]);
  assert.equal(await readFile(join(root, "f"), "utf8"), "upper");
  assert.equal(await readFile(join(root, "../1/f"), "utf8"), "lower");
});

test("A hard link to a symbolic link leads where that leads, inside the root", async (t) => {
  const root = await compose(t, [
    [
      { name: "a", text: "inside" },
      { name: "b/c/link", type: "symlink", linkname: "../../a" },
      { name: "hard", type: "link", linkname: "b/c/link" },
    ],
  ]);
  assert.equal(await readFile(join(root, "hard"), "utf8"), "inside");
});

test("A directory below a link of a lower layer goes where the link leads, inside the root", async (t) => {
  const root = await compose(t, [
    [
      { name: "usr/lib/", type: "directory" },
      { name: "lib", type: "symlink", linkname: "usr/lib" },
      { name: "escape", type: "symlink", linkname: "/usr" },
    ],
    [
      { name: "lib/x", text: "x" },
      { name: "escape/y", text: "y" },
      { name: "lib/absolute", type: "symlink", linkname: "/usr/lib/x" },
    ],
  ]);
  assert.equal(await readFile(join(root, "usr/lib/x"), "utf8"), "x");
  assert.equal(await readFile(join(root, "usr/y"), "utf8"), "y");
  assert.equal(await readFile(join(root, "lib/absolute"), "utf8"), "x", "an absolute link leads into the image");
  assert.ok((await lstat(join(root, "lib"))).isSymbolicLink());
});

for (const [what, entries] of [
  ["a name that climbs", [{ name: "a/../../evil", text: "x" }]],
  ["a hard link that climbs", [{ name: "evil", type: "link", linkname: "../../etc/passwd" }]],
  ["a symbolic link that climbs", [{ name: "a/evil", type: "symlink", linkname: "../../outside" }]],
  ["a whiteout that climbs", [{ name: ".wh..." }]],
  ["a whiteout of the root", [{ name: ".wh.." }]],
] as const) {
  test(`A layer with ${what} is refused`, async (t) => {
    const tree = await folderOf(t);
    await assert.rejects(unpack(tree, entries), /leaves the image's root/);
  });
}

test("Writing through a link to outside stays inside the root", async (t) => {
  const folder = await folderOf(t);
  const outside = await folderOf(t);
  await writeFile(join(outside, "kept"), "kept");
  await unpack(folder, [
    { name: "link", type: "symlink", linkname: outside },
    { name: "link/kept", text: "overwritten" },
    { name: "hard", type: "link", linkname: "link/kept" },
  ]);
  assert.equal(await readFile(join(outside, "kept"), "utf8"), "kept");
  assert.deepEqual(await readdir(outside), ["kept"]);
  assert.equal(await readFile(join(folder, "hard"), "utf8"), "overwritten", "the link's target is inside the layer");
});

test("Bytes that do not have their digest are refused", async (t) => {
  const tree = await folderOf(t);
  const bytes = await tarOf([{ name: "a", text: "a" }]);
  const layer = {
    digest: `sha256:${"0".repeat(64)}`,
    mediaType: "application/vnd.oci.image.layer.v1.tar",
    size: bytes.length,
    diffId: undefined,
  };
  await assert.rejects(
    unpackLayer(Readable.from([bytes]), layer, tree),
    /unexpected digest of layer: wanted sha256:000/,
  );
});

test("A layer that unpacks to a thousand times its size is refused, and nothing is written after that", async (t) => {
  const tree = await folderOf(t);
  const bomb = gzipSync(await tarOf([{ name: "zeros", text: "\0".repeat(80 * 2 ** 20) }]));
  const layer = {
    digest: `sha256:${createHash("sha256").update(bomb).digest("hex")}`,
    mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
    size: bomb.length,
    diffId: undefined,
  };
  await assert.rejects(unpackLayer(Readable.from([bomb]), layer, tree), /unpacks to more than 200 times its size/);
  await rm(tree, { recursive: true });
});

test("A layer without an end is refused where its manifest says that it ends", async (t) => {
  const tree = await folderOf(t);
  const endless = Readable.from(
    (function* () {
      for (;;) yield Buffer.alloc(1024);
    })(),
    { objectMode: false },
  );
  const layer = {
    digest: `sha256:${"0".repeat(64)}`,
    mediaType: "application/vnd.oci.image.layer.v1.tar",
    size: 4096,
    diffId: undefined,
  };
  await assert.rejects(unpackLayer(endless, layer, tree), /longer than the 4096 bytes/);
});
