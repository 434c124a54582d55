import { z } from "zod";
import type { Registry } from "../io/registry/registry.ts";
import { ProblemError } from "../model/problem.ts";
import { payloadType, signatureAnnotation, signatureArtifact } from "./image-signature.ts";
import type { StoredSignature } from "./image-signature.ts";

/** Strangers decide what refers to an image, so each of it is bounded. */
const mostManifests = 100;
const mostSignatures = 200;
const mostPayloadBytes = 64 * 1024;

const manifestSchema = z.object({
  layers: z.array(
    z.object({
      mediaType: z.string(),
      digest: z.string(),
      annotations: z.record(z.string(), z.string()).optional(),
    }),
  ),
});

/**
 * The signatures of an image as cosign stores them: in manifests that refer to it (OCI 1.1), and in the one under the tag
 * `sha256-….sig`. What is damaged, or has no form of a signature, is passed over; of very many the first ones are taken.
 * `onward` is asked before each request and may reject. Rejects with `ProblemError` where the registry cannot be asked.
 */
export async function* signaturesOf(
  registry: Registry,
  repository: string,
  digest: string,
  onward: () => void = () => undefined,
): AsyncGenerator<StoredSignature, void> {
  let left = mostSignatures;
  for await (const manifest of manifestsOf(registry, repository, digest, onward)) {
    for (const { payload, signature } of layersOf(manifest)) {
      if (left === 0) return;
      left -= 1;
      onward();
      const content = await passOver(() => readSmall(registry.readBlob(repository, payload)));
      if (content !== undefined) yield { payload: content, signature };
    }
  }
}

async function* manifestsOf(
  registry: Registry,
  repository: string,
  digest: string,
  onward: () => void,
): AsyncGenerator<Buffer, void> {
  onward();
  const tagged = await registry.resolve(repository, `${digest.replace(":", "-")}.sig`);
  const referring = (await registry.referrers(repository, digest))
    .filter(({ artifactType }) => artifactType === signatureArtifact)
    .map((referrer) => referrer.digest);
  const all = new Set([...(tagged === undefined ? [] : [tagged]), ...referring]);
  for (const each of [...all].slice(0, mostManifests)) {
    onward();
    const manifest = await passOver(() => registry.readManifest(repository, each));
    if (manifest !== undefined) yield manifest;
  }
}

function layersOf(manifest: Buffer): readonly { readonly payload: string; readonly signature: string }[] {
  const parsed = manifestSchema.safeParse(json(manifest));
  if (!parsed.success) return [];
  return parsed.data.layers.flatMap(({ mediaType, digest, annotations }) => {
    const signature = annotations?.[signatureAnnotation];
    const isOne = mediaType === payloadType && signature !== undefined && /^sha256:[0-9a-f]{64}$/.test(digest);
    return isOne ? [{ payload: digest, signature }] : [];
  });
}

/** Undefined for what is not there, not what it says, or too large: that is no signature, and no trouble of the registry. */
async function passOver<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    const passed = ["blob-missing", "blob-damaged", "blob-size", "digest-invalid"];
    if (error instanceof ProblemError && passed.includes(error.problem.code)) return undefined;
    throw error;
  }
}

async function readSmall(content: AsyncIterable<Uint8Array>): Promise<Buffer | undefined> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of content) {
    size += piece.length;
    if (size > mostPayloadBytes) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function json(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString("utf8"));
  } catch {
    return undefined;
  }
}
