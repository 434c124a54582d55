import { once } from "node:events";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ImageReference } from "./image-reference.ts";
import type { Descriptor, ImageSource } from "./image-store.ts";

const refName = "org.opencontainers.image.ref.name";

/**
 * Images of an OCI image-layout folder: `index.json` names each by the annotation org.opencontainers.image.ref.name with
 * its full reference, blobs lie under `blobs/sha256`. The index is read at each pull, so an image pushed later is found.
 */
export function ociLayout(folder: string): ImageSource {
  const index = join(folder, "index.json");
  return {
    async resolve(reference) {
      try {
        const { manifests = [] } = JSON.parse(await readFile(index, "utf8")) as { manifests?: readonly Descriptor[] };
        return manifests.find((descriptor) => fits(descriptor, reference));
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        if (code === "ENOENT") return undefined;
        throw new Error(`cannot read ${index}: ${message}`, { cause: error });
      }
    },
    async blob(digest) {
      const hex = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1];
      if (hex === undefined) throw new Error(`${digest} is not a sha256 digest`);
      const stream = createReadStream(join(folder, "blobs", "sha256", hex));
      await once(stream, "open");
      return stream;
    },
  };
}

/** A digest decides alone; a full name in the annotation must then not contradict. */
function fits(descriptor: Descriptor, { name, tag, digest }: ImageReference): boolean {
  const annotated = descriptor.annotations?.[refName] ?? "";
  if (digest === undefined) return annotated === `${name}:${tag}`;
  const named = annotated.replace(/@.*$/, "").replace(/:[^:/]*$/, "");
  return descriptor.digest === digest && (!/[/:]/.test(annotated) || named === name);
}
