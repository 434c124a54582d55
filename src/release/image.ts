import { createHash } from "node:crypto";
import { z } from "zod";
import type { Registry } from "../io/registry/registry.ts";

/** The media types that release writes. */
export const mediaTypes = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar",
  index: "application/vnd.oci.image.index.v1+json",
} as const;

/** One layer as it lies in the registry; `diffId` is the digest of its tar before any compression. */
export const layerSchema = z.object({
  mediaType: z.string(),
  digest: z.string(),
  size: z.number(),
  diffId: z.string(),
});

/** One layer as it lies in the registry. */
export type Layer = Readonly<z.infer<typeof layerSchema>>;

/** What an image stands on: its layers come first, its settings hold unless the image says otherwise. */
export interface Base {
  /** As release.yaml names it, by digest where it has one of its own. */
  readonly name: string;
  /** Of its own manifest; the programs of this machine have none. */
  readonly digest: string | undefined;
  readonly os: string;
  readonly architecture: string;
  readonly layers: readonly Layer[];
  readonly env: readonly string[];
  /** Where its layers are. */
  readonly origin: { readonly registry: Registry; readonly repository: string };
  /** Bytes that were not in the registry before. */
  readonly pushedBytes: number;
}

/** Everything that an image's digest is made of. */
export interface ImageParts {
  readonly name: string;
  readonly base: Base;
  readonly layers: readonly Layer[];
  readonly entrypoint: readonly string[];
  readonly version: string;
  readonly commit: string;
  /** ISO 8601, the time of the commit: the clock of the building machine has no part in an image. */
  readonly built: string;
  readonly source: string | undefined;
}

/** Not root, and nobody that a system knows. */
const user = "65532:65532";

/** The folder of the application in its image. */
export const applicationFolder = "app";

/** The configuration of an image, as the bytes that are stored. */
export function imageConfig(parts: ImageParts): Buffer {
  const { base, layers, version, commit, built } = parts;
  const environment = new Map([...base.env, `PLUMBLINE_VERSION=${version}`].map(splitVariable));
  if (!environment.has("PATH")) {
    environment.set("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  }
  environment.set("NODE_ENV", "production").set("PLUMBLINE_COMMIT", commit).set("PLUMBLINE_BUILT", built);
  return bytes({
    created: built,
    architecture: base.architecture,
    os: base.os,
    config: {
      User: user,
      Env: [...environment].map(([name, value]) => `${name}=${value}`).toSorted(),
      Entrypoint: parts.entrypoint,
      WorkingDir: `/${applicationFolder}`,
      Labels: annotationsOf(parts, base),
    },
    rootfs: { type: "layers", diff_ids: [...base.layers, ...layers].map((layer) => layer.diffId) },
  });
}

/** The manifest of an image, as the bytes whose digest is the image's. */
export function imageManifest(parts: ImageParts, config: Buffer): Buffer {
  return bytes({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.config, digest: digestOf(config), size: config.length },
    layers: [...parts.base.layers, ...parts.layers].map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
    annotations: annotationsOf(parts, parts.base),
  });
}

/** The index over one image for several platforms, as the bytes whose digest is the release's. */
export function imageIndex(parts: readonly ImageParts[], manifests: readonly Buffer[]): Buffer {
  return bytes({
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: parts.map(({ base: { os, architecture } }, at) => {
      const manifest = manifests[at] ?? Buffer.alloc(0);
      const descriptor = { mediaType: mediaTypes.manifest, digest: digestOf(manifest), size: manifest.length };
      return { ...descriptor, platform: { architecture, os } };
    }),
    annotations: parts[0] === undefined ? {} : annotationsOf(parts[0], undefined),
  });
}

/** What the image specification lets one say of an image: the same as labels, and for those who do not read as far. */
function annotationsOf(parts: ImageParts, base: Base | undefined): { readonly [name: string]: string } {
  return {
    ...(base?.digest === undefined ? {} : { "org.opencontainers.image.base.digest": base.digest }),
    ...(base === undefined ? {} : { "org.opencontainers.image.base.name": base.name }),
    "org.opencontainers.image.created": parts.built,
    "org.opencontainers.image.revision": parts.commit,
    ...(parts.source === undefined ? {} : { "org.opencontainers.image.source": parts.source }),
    "org.opencontainers.image.title": parts.name,
    "org.opencontainers.image.version": parts.version,
  };
}

/** `sha256:` and the hex digest of these bytes. */
export function digestOf(content: Uint8Array | string): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

function splitVariable(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  return [text.slice(0, at), text.slice(at + 1)];
}

function bytes(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}
