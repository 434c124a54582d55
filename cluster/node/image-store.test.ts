import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test, type TestContext } from "node:test";
import { type ImageReference, parseImageReference } from "./image-reference.ts";
import { openImageStore } from "./image-store.ts";
import { writeLayout } from "./layout-in-test.ts";
import { ociLayout } from "./oci-layout.ts";

const puller = { logins: [], signal: new AbortController().signal };

function reference(text: string): ImageReference {
  const parsed = parseImageReference(text);
  if (typeof parsed === "string") throw new Error(parsed);
  return parsed;
}

async function folders(t: TestContext): Promise<{ layout: string; store: string; digests: readonly string[] }> {
  const folder = await mkdtemp(join(tmpdir(), "store-test-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const layout = join(folder, "layout");
  const base = [{ name: "base.txt", text: "base" }];
  const digests = await writeLayout(layout, [
    { ref: "local.test/a:1", layers: [base, [{ name: "a.txt", text: "a" }]], config: { Cmd: ["a"] } },
    { ref: "local.test/b:1", layers: [base, [{ name: "b.txt", text: "b" }]] },
  ]);
  return { layout, store: join(folder, "store"), digests };
}

test("Images are found by tag and by digest, and a digest of another name is not", async (t) => {
  const { layout, store, digests } = await folders(t);
  const images = await openImageStore(store, ociLayout(layout));
  const byTag = await images.pull(reference("local.test/a:1"), puller);
  assert.deepEqual(byTag?.config, { Cmd: ["a"] });
  const manifest = await readFile(join(layout, "blobs", "sha256", digests[0]?.slice(7) ?? ""), "utf8");
  assert.equal(byTag?.id, (JSON.parse(manifest) as { config: { digest: string } }).config.digest);
  const both = await images.pull(reference(`local.test/a:1@${digests[0]}`), puller);
  assert.equal(both?.id, byTag?.id);
  assert.equal((await images.pull(reference(`local.test/a@${digests[0]}`), puller))?.id, byTag?.id);
  assert.equal(await images.pull(reference("local.test/a:2"), puller), undefined);
  assert.equal(await images.pull(reference(`local.test/a:1@${digests[1]}`), puller), undefined);
});

test("Pulled many times at once, each layer is unpacked once; what a killed process left aside is removed", async (t) => {
  const { layout, store } = await folders(t);
  await mkdir(join(store, "unpacking", "half"), { recursive: true });
  const images = await openImageStore(store, ociLayout(layout));
  const refs = ["local.test/a:1", "local.test/b:1", "local.test/a:1", "local.test/b:1"].map(reference);
  const pulled = await Promise.all(refs.map((each) => images.pull(each, puller)));
  assert.equal((await readdir(join(store, "trees"))).length, 3);
  assert.deepEqual(await readdir(join(store, "unpacking")), []);
  assert.deepEqual(await readdir(pulled[1]?.tree ?? ""), ["b.txt", "base.txt"]);
});

test("A blob whose bytes were changed is refused by its digest", async (t) => {
  const { layout, store, digests } = await folders(t);
  const manifest = join(layout, "blobs", "sha256", digests[0]?.slice(7) ?? "");
  await writeFile(manifest, (await readFile(manifest, "utf8")).replace("schemaVersion", "schemaversion"));
  const images = await openImageStore(store, ociLayout(layout));
  await assert.rejects(images.pull(reference("local.test/a:1"), puller), /unexpected digest of blob: wanted sha256:/);
});

const zeros = `sha256:${"0".repeat(64)}`;
for (const [what, manifest, config, words] of [
  ["no object", "null", {}, /the manifest sha256:\w+ is not as OCI has it: all of it/],
  ["no JSON", "<html>", {}, /is not JSON/],
  ["a manifest without a configuration", { layers: [] }, {}, /is not as OCI has it: config/],
  [
    "an index of nothing with a digest",
    { manifests: [{ digest: "latest" }] },
    {},
    /is not as OCI has it: manifests\.0\.digest/,
  ],
  [
    "thousands of layers",
    { config: {}, layers: Array.from({ length: 2000 }, () => ({ mediaType: "tar", digest: zeros, size: 1 })) },
    {},
    /is not as OCI has it: layers/,
  ],
  [
    "a user that is a number",
    { config: {}, layers: [] },
    { config: { User: 7 } },
    /is not as OCI has it: config\.User/,
  ],
  [
    "an environment that is a text",
    { config: {}, layers: [] },
    { config: { Env: "A=b" } },
    /is not as OCI has it: config\.Env/,
  ],
] as const) {
  test(`An image with ${what} is refused in words, and its digest`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "store-test-"));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const blobs = new Map<string, Buffer>();
    const put = (value: unknown): string => {
      const bytes = Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
      const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
      blobs.set(digest, bytes);
      return digest;
    };
    const named = typeof manifest === "object" && "config" in manifest ? { config: { digest: put(config) } } : {};
    const digest = put(typeof manifest === "string" ? manifest : { ...manifest, ...named });
    const read = (wanted: string): AsyncIterable<Uint8Array> => Readable.from([blobs.get(wanted) ?? Buffer.alloc(0)]);
    const images = await openImageStore(folder, () => Promise.resolve({ digest, manifest: read, blob: read }));
    await assert.rejects(images.pull(reference("local.test/a:1"), puller), words);
  });
}

for (const [text, message] of [
  ["Upper:1", /invalid reference format: repository name \(library\/Upper\) must be lowercase$/],
  ["a b", /couldn't parse image name "a b": invalid reference format$/],
  ["a@sha256:12", /invalid reference format$/],
  ["", /invalid reference format$/],
] as const) {
  test(`The image name ${JSON.stringify(text)} is refused`, () => {
    const parsed = parseImageReference(text);
    assert.match(typeof parsed === "string" ? parsed : "taken", message);
  });
}

test("References are taken apart", () => {
  const digest = `sha256:${"a".repeat(64)}`;
  assert.deepEqual(parseImageReference(`localhost:5000/x/y:v1@${digest}`), {
    name: "localhost:5000/x/y",
    tag: "v1",
    digest,
  });
  assert.deepEqual(parseImageReference("x"), { name: "x", tag: "latest", digest: undefined });
  assert.deepEqual(parseImageReference(`x@${digest}`), { name: "x", tag: undefined, digest });
});
