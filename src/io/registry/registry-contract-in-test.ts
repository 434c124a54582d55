import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { test, type TestContext } from "node:test";
import { ProblemError } from "../../model/problem.ts";
import type { Registry, StoredBlob } from "./registry.ts";

/** For tests: the type of the manifests below. */
export const manifestType = "application/vnd.oci.image.manifest.v1+json";
const configType = "application/vnd.oci.image.config.v1+json";
const artifactType = "application/vnd.example.note";

/** For tests: `sha256:…` of a text. */
export const digestOf = (text: string | Buffer): string => `sha256:${createHash("sha256").update(text).digest("hex")}`;
/** For tests: stores a blob in pieces. */
export const put = (registry: Registry, repository: string, ...parts: string[]): Promise<StoredBlob> =>
  registry.putBlob(repository, () => Readable.from(parts.map((part) => Buffer.from(part))));
/** For tests: an error with this code. */
export const problem = (code: string) => (error: unknown) =>
  error instanceof ProblemError && error.problem.code === code;

/** For tests: the whole of a blob. */
export async function blobOf(registry: Registry, repository: string, digest: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of registry.readBlob(repository, digest)) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

/** For tests: a manifest over blobs that are stored first: registries refuse what they could not give back. */
export async function manifestOf(
  registry: Registry,
  repository: string,
  text: string,
  more: object = {},
): Promise<Buffer> {
  const [config, layer] = [await put(registry, repository, "{}"), await put(registry, repository, text)];
  const descriptor = ({ digest, size }: StoredBlob, mediaType: string): object => ({ mediaType, digest, size });
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: descriptor(config, configType),
      layers: [descriptor(layer, "application/vnd.oci.image.layer.v1.tar")],
      ...more,
    }),
  );
}

/** An opened registry; `name` is a repository that nothing was pushed to, and others may be made below it. */
interface Opened {
  readonly registry: Registry;
  readonly name: string;
}

/** For tests: the behaviour of every registry. */
export function registryContract(kind: string, open: Open, skip?: string): void {
  const options = skip === undefined ? {} : { skip };
  blobContract(kind, open, options);
  manifestContract(kind, open, options);
}

type Open = (t: TestContext) => Promise<Opened>;

function blobContract(kind: string, open: Open, options: { readonly skip?: string }): void {
  void test(`${kind}: a blob is found by its digest, and stored once`, options, async (t) => {
    const { registry, name } = await open(t);
    assert.equal(await registry.hasBlob(name, digestOf("ab")), false);
    assert.deepEqual(await put(registry, name, "a", "b"), { digest: digestOf("ab"), size: 2, pushedBytes: 2 });
    assert.deepEqual(await put(registry, name, "ab"), { digest: digestOf("ab"), size: 2, pushedBytes: 0 });
    assert.equal(await registry.hasBlob(name, digestOf("ab")), true);
    assert.equal(await blobOf(registry, name, digestOf("ab")), "ab");
    assert.equal((await put(registry, name)).size, 0);
  });

  void test(`${kind}: a blob of another repository is mounted where the registry can`, options, async (t) => {
    const { registry, name } = await open(t);
    const { digest } = await put(registry, name, "shared");
    assert.equal(await registry.mount(`${name}/other`, digest, name), true);
    assert.equal(await blobOf(registry, `${name}/other`, digest), "shared");
    assert.equal(await registry.mount(`${name}/other`, digestOf("nowhere"), name), false);
    assert.equal(await registry.hasBlob(`${name}/other`, digestOf("nowhere")), false);
  });

  void test(`${kind}: what is not there, or is no digest, is refused by name`, options, async (t) => {
    const { registry, name } = await open(t);
    const traversal = "sha256:../../../etc/passwd";
    await assert.rejects(blobOf(registry, name, digestOf("none")), problem("blob-missing"));
    await assert.rejects(registry.readManifest(name, digestOf("none")), problem("blob-missing"));
    await assert.rejects(async () => blobOf(registry, name, traversal), problem("digest-invalid"));
    await assert.rejects(async () => registry.readManifest(name, traversal), problem("digest-invalid"));
    await assert.rejects(async () => registry.hasBlob(name, traversal), problem("digest-invalid"));
    await assert.rejects(async () => registry.referrers(name, traversal), problem("digest-invalid"));
  });

  void test(`${kind}: content that breaks off leaves nothing`, options, async (t) => {
    const { registry, name } = await open(t);
    const breaking = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from("half");
      throw new Error("torn");
    };
    await assert.rejects(registry.putBlob(name, breaking), /torn/);
    await assert.rejects(registry.putBlob(name, breaking, { digest: digestOf("half+"), size: 5 }), /torn/);
    assert.equal(await registry.hasBlob(name, digestOf("half")), false);
    assert.equal(await registry.hasBlob(name, digestOf("half+")), false);
  });
}

function manifestContract(kind: string, open: Open, options: { readonly skip?: string }): void {
  void test(`${kind}: a tag names a manifest, for good`, options, async (t) => {
    const { registry, name } = await open(t);
    assert.equal(await registry.resolve(name, "v1"), undefined);
    const [manifest, other] = [await manifestOf(registry, name, "one"), await manifestOf(registry, name, "two")];
    const [digest, size] = [digestOf(manifest), manifest.length];
    assert.deepEqual(await registry.putManifest(name, "v1", manifest, manifestType), {
      digest,
      size,
      pushedBytes: size,
    });
    assert.equal(await registry.resolve(name, "v1"), digest);
    assert.deepEqual(await registry.readManifest(name, digest), manifest);
    assert.equal((await registry.putManifest(name, "v1", manifest, manifestType)).pushedBytes, 0);
    await assert.rejects(registry.putManifest(name, "v1", other, manifestType), problem("tag-taken"));
    assert.equal(await registry.resolve(name, "v1"), digest);
    assert.equal(await registry.hasManifest(name, digestOf(other)), false, "what was refused is not stored");
    assert.equal((await registry.putManifest(name, "v2", manifest, manifestType)).pushedBytes, 0);
    assert.equal(await registry.resolve(name, "v2"), digest);
    assert.equal(await registry.resolve(`${name}/more`, "v1"), undefined);
  });

  void test(`${kind}: a manifest without a tag is found by its digest, and with its referrers`, options, async (t) => {
    const { registry, name } = await open(t);
    const manifest = await manifestOf(registry, name, "image");
    const { digest, pushedBytes } = await registry.putManifest(name, undefined, manifest, manifestType);
    assert.equal(pushedBytes, manifest.length);
    assert.equal((await registry.putManifest(name, undefined, manifest, manifestType)).pushedBytes, 0);
    assert.equal(await registry.hasManifest(name, digest), true);
    assert.deepEqual(await registry.referrers(name, digest), []);
    const subject = { mediaType: manifestType, digest, size: manifest.length };
    const notes = await Promise.all(
      ["first", "second", "third"].map((text) => manifestOf(registry, name, text, { artifactType, subject })),
    );
    await Promise.all(notes.map((note) => registry.putManifest(name, undefined, note, manifestType)));
    for (const note of notes) await registry.putManifest(name, undefined, note, manifestType);
    const expected = notes
      .map((note) => ({ mediaType: manifestType, digest: digestOf(note), size: note.length, artifactType }))
      .toSorted((left, right) => (left.digest < right.digest ? -1 : 1));
    assert.deepEqual(await registry.referrers(name, digest), expected);
    assert.deepEqual(await registry.referrers(name, digestOf("nothing")), []);
  });

  void test(`${kind}: of many writers at once none is lost, and one has the tag`, options, async (t) => {
    const { registry, name } = await open(t);
    const tags = Array.from({ length: 12 }, (_, index) => `t${index}`);
    const manifests = await Promise.all(tags.map((tag) => manifestOf(registry, name, tag)));
    const write = (tag: string, manifest: Buffer): Promise<StoredBlob> =>
      registry.putManifest(name, tag, manifest, manifestType);
    await Promise.all(tags.map((tag, index) => write(tag, manifests[index] as Buffer)));
    for (const [index, tag] of tags.entries()) {
      assert.equal(await registry.resolve(name, tag), digestOf(manifests[index] as Buffer));
    }
    const rivals = await Promise.allSettled(manifests.map((manifest) => write("same", manifest)));
    assert.equal(rivals.filter(({ status }) => status === "fulfilled").length, 1);
  });
}
