import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { ImageReference } from "./image-reference.ts";
import type { Descriptor, ImageSource } from "./image-source.ts";
import { expectDigest, unpackLayer, type Whiteouts } from "./layer.ts";
import { composeRootfs, type UnpackedLayer } from "./rootfs.ts";

/** What an image asks of the container that runs it; as in the OCI image configuration. */
export interface ImageConfig {
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly WorkingDir?: string;
  readonly User?: string;
  readonly StopSignal?: string;
}

/** An image whose layers are all unpacked. */
export interface Image {
  /** `name@sha256:…` of its manifest. */
  readonly id: string;
  readonly config: ImageConfig;
  readonly layers: readonly UnpackedLayer[];
  /** Bytes of its packed layers. */
  readonly size: number;
}

/** The node's images: layers unpacked once each by digest, whoever asks and however many at a time. */
export interface ImageStore {
  /** The image when it is here already. */
  present(reference: ImageReference): Image | undefined;
  /** Pulls what is missing; undefined when the source has no such image. Rejects on bytes that are not as they must be. */
  pull(reference: ImageReference): Promise<Image | undefined>;
  /** A new root file system of the image in the folder `root`. */
  compose(image: Image, root: string): Promise<void>;
}

const indexTypes = /^application\/vnd\.(oci\.image\.index\.v1|docker\.distribution\.manifest\.list\.v2)\+json$/;

/** The store in `folder`, which belongs to this process alone; what a killed one left half done there is removed. */
export async function openImageStore(folder: string, source: ImageSource): Promise<ImageStore> {
  const aside = join(folder, "unpacking");
  await rm(aside, { recursive: true, force: true });
  await mkdir(aside, { recursive: true });
  await mkdir(join(folder, "layers"), { recursive: true });
  const known = new Map<string, Image>();
  const unpacking = new Map<string, Promise<UnpackedLayer>>();

  function layer(descriptor: Descriptor, diffId: string | undefined, name: string): Promise<UnpackedLayer> {
    const running = unpacking.get(descriptor.digest);
    if (running) return running;
    const begun = cachedLayer(folder, source, descriptor, diffId, name);
    unpacking.set(descriptor.digest, begun);
    begun.catch(() => unpacking.delete(descriptor.digest));
    return begun;
  }

  return {
    present: (reference) => known.get(keyOf(reference)),
    async pull(reference) {
      const found = await source.resolve(reference);
      if (!found) return undefined;
      const descriptor = await manifestOf(found, source, reference.name);
      const manifest = await readJson<Manifest>(source, descriptor.digest, reference.name);
      const config = await readJson<ConfigFile>(source, manifest.config.digest, reference.name);
      const diffIds = config.rootfs?.diff_ids ?? [];
      const image: Image = {
        id: `${reference.name}@${descriptor.digest}`,
        config: config.config ?? {},
        layers: await Promise.all(manifest.layers.map((each, at) => layer(each, diffIds[at], reference.name))),
        size: manifest.layers.reduce((sum, each) => sum + each.size, 0),
      };
      known.set(keyOf(reference), image);
      return image;
    },
    compose: (image, root) => composeRootfs(image.layers, root),
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

/** Of an index with several platforms, the manifest for this machine. */
async function manifestOf(descriptor: Descriptor, source: ImageSource, name: string): Promise<Descriptor> {
  if (!indexTypes.test(descriptor.mediaType)) return descriptor;
  const { manifests } = await readJson<{ readonly manifests: readonly Descriptor[] }>(source, descriptor.digest, name);
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  const fitting = manifests.filter(({ platform }) => !platform || platform.architecture === architecture);
  const chosen = fitting.find(({ platform }) => platform?.os === process.platform) ?? fitting[0];
  if (!chosen) throw new Error(`no match for platform in manifest: ${descriptor.digest} has none for ${architecture}`);
  return manifestOf(chosen, source, name);
}

async function readJson<T>(source: ImageSource, digest: string, name: string): Promise<T> {
  const bytes = await readAll(await source.blob(digest, name));
  expectDigest(`sha256:${createHash("sha256").update(bytes).digest("hex")}`, digest, "blob");
  return JSON.parse(bytes.toString("utf8")) as T;
}

async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > 8 * 2 ** 20) throw new Error("a manifest or configuration of more than 8 MiB is refused");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Written aside and renamed, so that a layer that has its name is whole even after a kill. */
async function cachedLayer(
  folder: string,
  source: ImageSource,
  { digest, mediaType }: Descriptor,
  diffId: string | undefined,
  name: string,
): Promise<UnpackedLayer> {
  const final = join(folder, "layers", digest.replace(":", "-"));
  const cached = await readFile(join(final, "whiteouts.json"), "utf8").catch(() => undefined);
  if (cached !== undefined) return { tree: join(final, "tree"), whiteouts: JSON.parse(cached) as Whiteouts };
  const aside = join(folder, "unpacking", randomUUID());
  try {
    await mkdir(join(aside, "tree"), { recursive: true });
    const whiteouts = await unpackLayer(
      await source.blob(digest, name),
      { digest, mediaType, diffId },
      join(aside, "tree"),
    );
    await writeFile(join(aside, "whiteouts.json"), JSON.stringify(whiteouts));
    await rename(aside, final);
    return { tree: join(final, "tree"), whiteouts };
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}
