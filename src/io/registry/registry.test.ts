import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test, type TestContext } from "node:test";
import { ProblemError } from "../../model/problem.ts";
import { ociLayout } from "./oci-layout.ts";
import type { Registry, StoredBlob } from "./registry.ts";

const name = "plumbline.local/backend";
const type = "application/vnd.oci.image.manifest.v1+json";
const digestOf = (text: string): string => `sha256:${createHash("sha256").update(text).digest("hex")}`;
const put = (registry: Registry, ...parts: string[]): Promise<StoredBlob> =>
  registry.putBlob(name, Readable.from(parts.map((part) => Buffer.from(part))));
const problem = (code: string) => (error: unknown) => error instanceof ProblemError && error.problem.code === code;

function layoutFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "plumbline-layout-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "images");
}

/** The behaviour of every registry. */
function registryContract(kind: string, open: (t: TestContext) => Registry): void {
  test(`${kind}: a blob is found by its digest, and stored once`, async (t) => {
    const registry = open(t);
    assert.equal(await registry.has(name, digestOf("ab")), false);
    assert.deepEqual(await put(registry, "a", "b"), { digest: digestOf("ab"), size: 2, pushedBytes: 2 });
    assert.deepEqual(await put(registry, "ab"), { digest: digestOf("ab"), size: 2, pushedBytes: 0 });
    assert.equal(await registry.has(name, digestOf("ab")), true);
    assert.equal((await registry.read(name, digestOf("ab"))).toString(), "ab");
    assert.equal((await put(registry)).size, 0);
  });

  test(`${kind}: a tag names a manifest, for good`, async (t) => {
    const registry = open(t);
    assert.equal(await registry.resolve(name, "v1"), undefined);
    const first = await registry.putManifest(name, "v1", Buffer.from("{}"), type);
    assert.deepEqual(first, { digest: digestOf("{}"), size: 2, pushedBytes: 2 });
    assert.equal(await registry.resolve(name, "v1"), digestOf("{}"));
    assert.equal((await registry.putManifest(name, "v1", Buffer.from("{}"), type)).pushedBytes, 0);
    await assert.rejects(registry.putManifest(name, "v1", Buffer.from("{ }"), type), problem("tag-taken"));
    assert.equal(await registry.resolve(name, "v1"), digestOf("{}"));
    assert.equal(await registry.has(name, digestOf("{ }")), false, "what was refused is not stored");
    await registry.putManifest(name, "v2", Buffer.from("{}"), type);
    assert.equal(await registry.resolve(name, "v2"), digestOf("{}"));
    assert.equal(await registry.resolve(`${name}/more`, "v1"), undefined);
  });

  test(`${kind}: what is not there, or is no digest, is refused by name`, async (t) => {
    const registry = open(t);
    await assert.rejects(registry.read(name, digestOf("none")), problem("blob-missing"));
    await assert.rejects(async () => registry.read(name, "sha256:../../../etc/passwd"), problem("digest-invalid"));
  });

  test(`${kind}: content that breaks off leaves nothing`, async (t) => {
    const registry = open(t);
    const breaking = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from("half");
      throw new Error("torn");
    };
    await assert.rejects(registry.putBlob(name, breaking()), /torn/);
    assert.equal(await registry.has(name, digestOf("half")), false);
  });

  test(`${kind}: of many writers at once none is lost, and one has the tag`, async (t) => {
    const registry = open(t);
    const tags = Array.from({ length: 12 }, (_, index) => `t${index}`);
    await Promise.all(tags.map((tag) => registry.putManifest(name, tag, Buffer.from(`{"${tag}":1}`), type)));
    for (const tag of tags) assert.equal(await registry.resolve(name, tag), digestOf(`{"${tag}":1}`));
    const rivals = await Promise.allSettled(
      tags.map((tag) => registry.putManifest(name, "same", Buffer.from(`{"${tag}":1}`), type)),
    );
    assert.equal(rivals.filter(({ status }) => status === "fulfilled").length, 1);
  });
}

registryContract("OCI layout", (t) => ociLayout(layoutFolder(t)));

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
  const { digest } = await put(registry, "{}");
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
  const { digest } = await put(registry, "content");
  const path = join(folder, "blobs/sha256", digest.slice(7));
  const before = statSync(path).mtimeMs;
  await put(registry, "content");
  assert.equal(statSync(path).mtimeMs, before);
  writeFileSync(path, "damaged");
  await assert.rejects(registry.read(name, digest), problem("blob-damaged"));
});
