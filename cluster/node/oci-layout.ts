import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ImageReference } from "./image-reference.ts";
import type { Descriptor, ImageSource } from "./image-source.ts";

const refName = "org.opencontainers.image.ref.name";

/**
 * Images of an OCI image-layout folder: `index.json` names each by the annotation org.opencontainers.image.ref.name with
 * its full reference, blobs lie under `blobs/sha256`. The index is read at each pull, so an image pushed later is found.
 */
export function ociLayout(folder: string): ImageSource {
  return {
    async resolve(reference) {
      const manifests = await readIndex(folder);
      return manifests.find((descriptor) => fits(descriptor, reference));
    },
    blob(digest) {
      const hex = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1];
      if (hex === undefined) return Promise.reject(new Error(`${digest} is not a sha256 digest`));
      const stream = createReadStream(join(folder, "blobs", "sha256", hex));
      return new Promise((resolve, reject) => {
        stream.once("open", () => {
          resolve(stream);
        });
        stream.once("error", reject);
      });
    },
  };
}

async function readIndex(folder: string): Promise<readonly Descriptor[]> {
  try {
    const index = JSON.parse(await readFile(join(folder, "index.json"), "utf8")) as { manifests?: Descriptor[] };
    return index.manifests ?? [];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new Error(`cannot read ${join(folder, "index.json")}: ${(error as Error).message}`, { cause: error });
  }
}

/** A digest decides alone; a name in the annotation must then not contradict. */
function fits(descriptor: Descriptor, { name, tag, digest }: ImageReference): boolean {
  const annotated = descriptor.annotations?.[refName];
  if (digest === undefined) return annotated === `${name}:${tag}`;
  if (descriptor.digest !== digest) return false;
  return (
    annotated === undefined || !/[/:]/.test(annotated) || annotated.replace(/@.*$/, "").replace(/:[^:/]*$/, "") === name
  );
}
