import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ImageReference } from "./image-reference.ts";
import type { ImageSource } from "./image-source.ts";
import type { Descriptor } from "./image-store.ts";

const refName = "org.opencontainers.image.ref.name";

/**
 * Images of an OCI image-layout folder: `index.json` names each by the annotation org.opencontainers.image.ref.name with
 * its full reference, blobs lie under `blobs/sha256`. The index is read at each pull, so an image pushed later is found.
 */
export function ociLayout(folder: string): ImageSource {
  const index = join(folder, "index.json");
  return async (reference) => {
    const found = (await manifestsOf(index)).find((descriptor) => fits(descriptor, reference));
    return found && { digest: found.digest, manifest: read, blob: read };
  };

  function read(digest: string): AsyncIterable<Uint8Array> {
    const hex = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1];
    if (hex === undefined) throw new Error(`${digest} is not a sha256 digest`);
    return createReadStream(join(folder, "blobs", "sha256", hex));
  }
}

async function manifestsOf(index: string): Promise<readonly Descriptor[]> {
  try {
    return (JSON.parse(await readFile(index, "utf8")) as { manifests?: readonly Descriptor[] }).manifests ?? [];
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return [];
    throw new Error(`cannot read ${index}: ${message}`, { cause: error });
  }
}

/** A digest decides alone; a full name in the annotation must then not contradict. */
function fits(descriptor: Descriptor, { name, tag, digest }: ImageReference): boolean {
  const annotated = descriptor.annotations?.[refName] ?? "";
  if (digest === undefined) return annotated === `${name}:${tag}`;
  const named = annotated.replace(/@.*$/, "").replace(/:[^:/]*$/, "");
  return descriptor.digest === digest && (!/[/:]/.test(annotated) || named === name);
}
