import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { ociLayout } from "./oci-layout.ts";
import { blobOf, digestOf, manifestType, problem, put, registryContract } from "./registry-contract-in-test.ts";

const name = "plumbline.local/backend";
const type = manifestType;

function layoutFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "plumbline-layout-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "images");
}

registryContract("OCI layout", async (t) => ({ registry: ociLayout(layoutFolder(t)), name }));

test("OCI layout: the folder is as the specification asks, every tag in its index by its full name", async (t) => {
  const folder = layoutFolder(t);
  const writers = [ociLayout(folder), ociLayout(folder), ociLayout(folder)];
  await Promise.all(
    writers.flatMap((registry, writer) =>
      [0, 1, 2].map((index) =>
        registry.putManifest(name, `w${writer}-${index}`, Buffer.from(`{"${writer}":${index}}`), type),
      ),
    ),
  );
  const read = (file: string): unknown => JSON.parse(readFileSync(join(folder, file), "utf8"));
  assert.deepEqual(read("oci-layout"), { imageLayoutVersion: "1.0.0" });
  const index = read("index.json") as { schemaVersion: number; manifests: Record<string, unknown>[] };
  assert.equal(index.schemaVersion, 2);
  assert.deepEqual(
    index.manifests,
    [0, 1, 2].flatMap((writer) =>
      [0, 1, 2].map((at) => ({
        mediaType: type,
        digest: digestOf(`{"${writer}":${at}}`),
        size: 7,
        annotations: { "org.opencontainers.image.ref.name": `${name}:w${writer}-${at}` },
      })),
    ),
  );
  assert.deepEqual(readdirSync(join(folder, "plumbline/unfinished")), []);
});

test("OCI layout: entries of other tools stay, and their tags are respected", async (t) => {
  const folder = layoutFolder(t);
  const registry = ociLayout(folder);
  const { digest } = await put(registry, name, "{}");
  const foreign = {
    mediaType: type,
    digest,
    size: 2,
    annotations: { "org.opencontainers.image.ref.name": `${name}:v1` },
  };
  writeFileSync(join(folder, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [foreign] }));
  assert.equal(await registry.resolve(name, "v1"), digest);
  await assert.rejects(registry.putManifest(name, "v1", Buffer.from("{ }"), type), problem("tag-taken"));
  await registry.putManifest(name, "v2", Buffer.from("{ }"), type);
  const index = JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as { manifests: unknown[] };
  assert.equal(index.manifests.length, 2);
  assert.deepEqual(index.manifests[0], foreign);
});

test("OCI layout: a damaged blob is named, and what is there is never written again", async (t) => {
  const folder = layoutFolder(t);
  const registry = ociLayout(folder);
  const { digest } = await put(registry, name, "content");
  const path = join(folder, "blobs/sha256", digest.slice(7));
  const before = statSync(path).mtimeMs;
  await put(registry, name, "content");
  assert.equal(statSync(path).mtimeMs, before);
  writeFileSync(path, "damaged");
  await assert.rejects(blobOf(registry, name, digest), problem("blob-damaged"));
});
