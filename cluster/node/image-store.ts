import { createHash, randomUUID } from "node:crypto";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { type ImageManifest, parseImageConfig, parseManifest } from "./image-manifest.ts";
import type { ImageReference } from "./image-reference.ts";
import type { FoundImage, ImageSource, Puller } from "./image-source.ts";
import { copyTree, expectDigest, type Layer, unpackLayer } from "./layer.ts";

/** What an OCI manifest or index says of a blob. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly os?: string; readonly architecture?: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What an image asks of the container that runs it; as in the OCI image configuration. */
export interface ImageConfig {
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly WorkingDir?: string;
  readonly User?: string;
  readonly StopSignal?: string;
}

/** An image that is unpacked. */
export interface Image {
  /** As containerd has it: `name@digest` when it was pulled from a registry, else the digest of its configuration. */
  readonly id: string;
  readonly config: ImageConfig;
  /** The folder of its root file system; shared, so never written to. */
  readonly tree: string;
  /** Bytes of its packed layers. */
  readonly size: number;
}

/** The node's images: layers unpacked once each, whoever asks and however many at a time. */
export interface ImageStore {
  /** The image when it is here already. */
  present(reference: ImageReference): Image | undefined;
  /** Pulls what is missing; undefined when the source has no such image. Rejects on bytes that are not as they must be. */
  pull(reference: ImageReference, puller: Puller): Promise<Image | undefined>;
}

const longestJson = 8 * 2 ** 20;

/** The store in `folder`, which belongs to this process alone; what a killed one left half done there is removed. */
export async function openImageStore(folder: string, source: ImageSource): Promise<ImageStore> {
  await rm(join(folder, "unpacking"), { recursive: true, force: true });
  await mkdir(join(folder, "unpacking"), { recursive: true });
  await mkdir(join(folder, "trees"), { recursive: true });
  const known = new Map<string, Image>();
  const trees = new Map<string, Promise<string>>();

  /** The folder of these layers laid over each other: named by all their digests, made from that of the ones below. */
  async function treeOf(layers: readonly Layer[], from: FoundImage): Promise<string> {
    const chain = sha256(layers.map(({ digest }) => digest).join(" "));
    for (let others = trees.get(chain); others; others = trees.get(chain)) {
      // The failure of another pull may be its own: its pod is gone, or it may not read what this one may.
      const tree = await others.catch(() => undefined);
      if (tree !== undefined) return tree;
    }
    const own = layTree(layers, from, join(folder, "trees", chain));
    trees.set(chain, own);
    own.catch(() => trees.delete(chain));
    return own;
  }

  /** Written aside and renamed, so that a tree that has its name is whole even after a kill. */
  async function layTree(layers: readonly Layer[], from: FoundImage, final: string): Promise<string> {
    if (await stat(final).catch(() => undefined)) return final;
    const aside = join(folder, "unpacking", randomUUID());
    const top = layers.at(-1);
    try {
      if (layers.length > 1) await copyTree(await treeOf(layers.slice(0, -1), from), aside);
      else await mkdir(aside);
      if (top) await unpackLayer(Readable.from(from.blob(top.digest), { objectMode: false }), top, aside);
      await rename(aside, final);
    } finally {
      await rm(aside, { recursive: true, force: true });
    }
    return final;
  }

  return {
    present: (reference) => known.get(keyOf(reference)),
    async pull(reference, puller) {
      const found = await source(reference, puller);
      if (!found) return undefined;
      const manifest = await manifestOf(found, found.digest);
      const { digest } = manifest.config;
      const { config, diffIds } = parseImageConfig(await readJson(found.blob(digest), digest), digest);
      const layers = manifest.layers.map((layer, at) => ({ ...layer, diffId: diffIds[at] }));
      const size = layers.reduce((sum, layer) => sum + layer.size, 0);
      const id = found.pulledAs ?? digest;
      const image: Image = { id, config, tree: await treeOf(layers, found), size };
      known.set(keyOf(reference), image);
      return image;
    },
  };
}

/** Of an index with several platforms, the manifest for this machine. */
async function manifestOf(image: FoundImage, digest: string): Promise<ImageManifest> {
  const content = parseManifest(await readJson(image.manifest(digest), digest), digest);
  if (!("manifests" in content)) return content;
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  const fitting = content.manifests.filter(({ platform }) => !platform || platform.architecture === architecture);
  const chosen = fitting.find(({ platform }) => platform?.os === process.platform) ?? fitting[0];
  if (chosen) return manifestOf(image, chosen.digest);
  throw new Error(`no match for platform in manifest: ${digest} has none for ${architecture}`);
}

async function readJson(content: AsyncIterable<Uint8Array>, digest: string): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of content) {
    size += chunk.length;
    if (size > longestJson) throw new Error("a manifest or configuration of more than 8 MiB is refused");
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  expectDigest(`sha256:${sha256(bytes)}`, digest, "blob");
  try {
    return JSON.parse(bytes.toString()) as unknown;
  } catch (error) {
    throw new Error(`the blob ${digest} is not JSON`, { cause: error });
  }
}

function keyOf({ name, tag, digest }: ImageReference): string {
  return digest === undefined ? `${name}:${tag}` : `${name}@${digest}`;
}

function sha256(bytes: string | Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
