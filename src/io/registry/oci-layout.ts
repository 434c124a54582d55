import { createHash, randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { access, link, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ProblemError } from "../../model/problem.ts";
import { makeFolder } from "../files/make-folder.ts";
import { digestOf, hexOf, readAll, subjectOf, tagTaken, verified } from "./content.ts";
import { layoutTags } from "./layout-tags.ts";
import type { Registry, StoredBlob } from "./registry.ts";

/** Manifests are bounded by the specification. */
const mostManifestBytes = 4 * 1024 * 1024;

/**
 * An OCI image-layout folder as a registry, made when the first image comes. Besides what the specification asks for it
 * holds `plumbline/`: one file a tag (the truth, from which `index.json` is written), and unfinished blobs.
 */
export function ociLayout(folder: string): Registry {
  const pathOf = (digest: string): string => join(folder, "blobs", "sha256", hexOf(digest));
  const tags = layoutTags(folder);

  const has = (digest: string): Promise<boolean> => exists(pathOf(digest));

  const store = async (content: AsyncIterable<Uint8Array>): Promise<StoredBlob> => {
    await prepare(folder);
    const unfinished = join(folder, "plumbline", "unfinished", randomUUID());
    try {
      const { digest, size } = await writeHashed(unfinished, content);
      const pushedBytes = (await placeOnce(unfinished, pathOf(digest))) ? size : 0;
      return { digest, size, pushedBytes };
    } finally {
      await rm(unfinished, { force: true });
    }
  };

  return {
    location: `oci:${folder}`,
    hasBlob: async (_repository, digest) => has(digest),
    hasManifest: async (_repository, digest) => has(digest),
    readBlob: (_repository, digest) => readVerified(pathOf(digest), digest, folder),
    readManifest: async (_repository, digest) =>
      readAll(readVerified(pathOf(digest), digest, folder), mostManifestBytes, `The manifest ${digest}`),
    putBlob: async (_repository, content, known) =>
      known !== undefined && (await has(known.digest)) ? { ...known, pushedBytes: 0 } : store(content()),
    // All repositories of a folder share its blobs.
    mount: async (_repository, digest) => has(digest),
    resolve: async (repository, tag) => (await tags.find(`${repository}:${tag}`))?.digest,
    putManifest: async (repository, tag, manifest, mediaType) => {
      const digest = digestOf(manifest);
      const reference = tag === undefined ? undefined : `${repository}:${tag}`;
      // Asked before anything is written: a refused tag leaves nothing behind.
      const taken = reference === undefined ? undefined : await tags.find(reference);
      if (reference !== undefined && taken !== undefined && taken.digest !== digest) {
        throw tagTaken(reference, taken.digest, digest);
      }
      const stored = await store(Readable.from([manifest]));
      const descriptor = { mediaType, digest, size: stored.size };
      if (reference !== undefined) {
        const held = await tags.claim(reference, descriptor);
        if (held.digest !== digest) throw tagTaken(reference, held.digest, digest);
      }
      const kept = subjectOf(manifest);
      if (kept !== undefined) await tags.refer(kept.subject, { ...descriptor, artifactType: kept.artifactType });
      if (reference !== undefined || kept !== undefined) await tags.publish();
      return stored;
    },
    referrers: async (_repository, digest) => {
      hexOf(digest);
      return tags.referrers(digest);
    },
  };
}

async function prepare(folder: string): Promise<void> {
  for (const part of [
    ["blobs", "sha256"],
    ["plumbline", "unfinished"],
    ["plumbline", "tags"],
  ]) {
    await makeFolder(join(folder, ...part));
  }
  const marker = join(folder, "oci-layout");
  if (await exists(marker)) return;
  const unfinished = join(folder, "plumbline", "unfinished", randomUUID());
  await writeFile(unfinished, `${JSON.stringify({ imageLayoutVersion: "1.0.0" })}\n`);
  await rename(unfinished, marker);
}

async function writeHashed(
  path: string,
  content: AsyncIterable<Uint8Array>,
): Promise<{ digest: string; size: number }> {
  const hash = createHash("sha256");
  let size = 0;
  const hashed = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of content) {
      hash.update(chunk);
      size += chunk.length;
      yield chunk;
    }
  };
  await pipeline(hashed, createWriteStream(path, { flags: "wx" }));
  return { digest: `sha256:${hash.digest("hex")}`, size };
}

/** Gives a finished file its name unless that name is taken; true when it was free. */
async function placeOnce(unfinished: string, path: string): Promise<boolean> {
  try {
    await link(unfinished, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function* readVerified(path: string, digest: string, folder: string): AsyncGenerator<Uint8Array> {
  if (!(await exists(path))) {
    throw new ProblemError({
      code: "blob-missing",
      message: `The image folder ${folder} holds nothing with the digest ${digest}.`,
      remedy: "Push the image to this folder first, or name a digest that it holds.",
    });
  }
  const { size } = await stat(path);
  const content = createReadStream(path) as AsyncIterable<Uint8Array>;
  yield* verified(content, digest, () => {
    return new ProblemError({
      code: "blob-damaged",
      message: `The file ${path} (${size} bytes) does not have the digest that is its name.`,
      remedy: "Remove that file and push the image again.",
    });
  });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
