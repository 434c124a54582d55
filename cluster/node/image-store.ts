import { createHash, randomUUID } from "node:crypto";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { ImageReference } from "./image-reference.ts";
import { copyTree, expectDigest, type Layer, unpackLayer } from "./layer.ts";

/** What an OCI manifest or index says of a blob. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly os?: string; readonly architecture?: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Where images come from: an OCI layout folder, or a registry. */
export interface ImageSource {
  /** The descriptor of the manifest or index that the reference names; undefined when there is none. */
  resolve(reference: ImageReference): Promise<Descriptor | undefined>;
  /** A blob's bytes as stored; its digest is for the caller to verify. Rejects when there is none. */
  blob(digest: string, name: string): Promise<Readable>;
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
  /** The digest of its configuration, as containerd names an image that was not pulled from a registry. */
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
  pull(reference: ImageReference): Promise<Image | undefined>;
}

const indexTypes = /^application\/vnd\.(oci\.image\.index\.v1|docker\.distribution\.manifest\.list\.v2)\+json$/;
const longestJson = 8 * 2 ** 20;

/** The store in `folder`, which belongs to this process alone; what a killed one left half done there is removed. */
export async function openImageStore(folder: string, source: ImageSource): Promise<ImageStore> {
  await rm(join(folder, "unpacking"), { recursive: true, force: true });
  await mkdir(join(folder, "unpacking"), { recursive: true });
  await mkdir(join(folder, "trees"), { recursive: true });
  const known = new Map<string, Image>();
  const trees = new Map<string, Promise<string>>();

  /** The folder of these layers laid over each other: named by all their digests, made from that of the ones below. */
  function treeOf(layers: readonly Layer[], name: string): Promise<string> {
    const chain = sha256(layers.map(({ digest }) => digest).join(" "));
    const running = trees.get(chain) ?? layTree(layers, name, join(folder, "trees", chain));
    trees.set(chain, running);
    running.catch(() => trees.delete(chain));
    return running;
  }

  /** Written aside and renamed, so that a tree that has its name is whole even after a kill. */
  async function layTree(layers: readonly Layer[], name: string, final: string): Promise<string> {
    if (await stat(final).catch(() => undefined)) return final;
    const aside = join(folder, "unpacking", randomUUID());
    const top = layers.at(-1);
    try {
      if (layers.length > 1) await copyTree(await treeOf(layers.slice(0, -1), name), aside);
      else await mkdir(aside);
      if (top) await unpackLayer(await source.blob(top.digest, name), top, aside);
      await rename(aside, final);
    } finally {
      await rm(aside, { recursive: true, force: true });
    }
    return final;
  }

  /** Of an index with several platforms, the manifest for this machine. */
  async function manifestOf(descriptor: Descriptor, name: string): Promise<Descriptor> {
    if (!indexTypes.test(descriptor.mediaType)) return descriptor;
    const { manifests } = await readJson<{ readonly manifests: readonly Descriptor[] }>(descriptor.digest, name);
    const architecture = process.arch === "x64" ? "amd64" : process.arch;
    const fitting = manifests.filter(({ platform }) => !platform || platform.architecture === architecture);
    const chosen = fitting.find(({ platform }) => platform?.os === process.platform) ?? fitting[0];
    if (chosen) return manifestOf(chosen, name);
    throw new Error(`no match for platform in manifest: ${descriptor.digest} has none for ${architecture}`);
  }

  async function readJson<T>(digest: string, name: string): Promise<T> {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of (await source.blob(digest, name)) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > longestJson) throw new Error("a manifest or configuration of more than 8 MiB is refused");
      chunks.push(chunk);
    }
    const bytes = Buffer.concat(chunks);
    expectDigest(`sha256:${sha256(bytes)}`, digest, "blob");
    return JSON.parse(bytes.toString()) as T;
  }

  return {
    present: (reference) => known.get(keyOf(reference)),
    async pull(reference) {
      const { name } = reference;
      const found = await source.resolve(reference);
      if (!found) return undefined;
      const { digest } = await manifestOf(found, name);
      const manifest = await readJson<Manifest>(digest, name);
      const { config = {}, rootfs } = await readJson<ConfigFile>(manifest.config.digest, name);
      const layers = manifest.layers.map((layer, at) => ({ ...layer, diffId: rootfs?.diff_ids?.[at] }));
      const size = layers.reduce((sum, layer) => sum + layer.size, 0);
      const image: Image = { id: manifest.config.digest, config, tree: await treeOf(layers, name), size };
      known.set(keyOf(reference), image);
      return image;
    },
  };
}

interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

interface ConfigFile {
  readonly config?: ImageConfig;
  readonly rootfs?: { readonly diff_ids?: readonly string[] };
}

function keyOf({ name, tag, digest }: ImageReference): string {
  return digest === undefined ? `${name}:${tag}` : `${name}@${digest}`;
}

function sha256(bytes: string | Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
