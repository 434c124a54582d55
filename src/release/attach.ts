import type { Registry } from "../io/registry/registry.ts";
import { digestOf, mediaTypes } from "./image.ts";

/** The manifest that something is attached to. */
export interface Subject {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** A document that travels with an image. */
export interface Attachment {
  readonly artifactType: string;
  readonly mediaType: string;
  readonly content: Buffer;
  /** Of the document itself. */
  readonly annotations?: { readonly [name: string]: string };
  /** ISO 8601: the commit's, like everything of an image. */
  readonly created: string;
}

/** What the image specification writes where a configuration must be and there is nothing to say. */
const empty = { mediaType: "application/vnd.oci.empty.v1+json", content: Buffer.from("{}") };

/** Stores a document as a referrer of an image; resolves with the bytes that were not there before. */
export async function attach(
  registry: Registry,
  repository: string,
  subject: Subject,
  { artifactType, mediaType, content, annotations, created }: Attachment,
): Promise<number> {
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      artifactType,
      config: describe(empty.mediaType, empty.content),
      layers: [{ ...describe(mediaType, content), ...(annotations === undefined ? {} : { annotations }) }],
      subject,
      annotations: { "org.opencontainers.image.created": created },
    }),
  );
  const stored = [
    await registry.putBlob(repository, () => once(empty.content)),
    await registry.putBlob(repository, () => once(content)),
    await registry.putManifest(repository, undefined, manifest, mediaTypes.manifest),
  ];
  return stored.reduce((sum, { pushedBytes }) => sum + pushedBytes, 0);
}

/** Bytes as content that can be opened again and again. */
export async function* once(content: Buffer): AsyncGenerator<Uint8Array> {
  yield content;
}

function describe(mediaType: string, content: Buffer): Subject {
  return { mediaType, digest: digestOf(content), size: content.length };
}
