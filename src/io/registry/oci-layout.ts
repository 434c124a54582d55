import { createHash, randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { access, link, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ProblemError } from "../../model/problem.ts";
import { makeFolder } from "../files/make-folder.ts";
import { layoutTags } from "./layout-tags.ts";
import type { Registry, StoredBlob } from "./registry.ts";

/**
 * An OCI image-layout folder as a registry, made when the first image comes. Besides what the specification asks for it
 * holds `plumbline/`: one file a tag (the truth, from which `index.json` is written), and unfinished blobs.
 */
export function ociLayout(folder: string): Registry {
  const pathOf = (digest: string): string => join(folder, "blobs", "sha256", hexOf(digest));
  const tags = layoutTags(folder);

  const putBlob = async (content: AsyncIterable<Uint8Array>): Promise<StoredBlob> => {
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
    has: (_repository, digest) => exists(pathOf(digest)),
    read: (_repository, digest) => readVerified(pathOf(digest), digest, folder),
    putBlob: (_repository, content) => putBlob(content),
    resolve: async (repository, tag) => (await tags.find(`${repository}:${tag}`))?.digest,
    putManifest: async (repository, tag, manifest, mediaType) => {
      const reference = `${repository}:${tag}`;
      const digest = `sha256:${createHash("sha256").update(manifest).digest("hex")}`;
      // Asked before anything is written: a refused tag leaves nothing behind.
      const taken = await tags.find(reference);
      if (taken !== undefined && taken.digest !== digest) throw tagTaken(reference, taken.digest, digest);
      const stored = await putBlob(Readable.from([manifest]));
      const held = await tags.claim(reference, { mediaType, digest, size: stored.size });
      if (held.digest !== digest) throw tagTaken(reference, held.digest, digest);
      await tags.publish();
      return stored;
    },
  };
}

/** The hex digits of a sha256 digest; anything else could name a file outside of the layout. */
function hexOf(digest: string): string {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1];
  if (hex !== undefined) return hex;
  throw new ProblemError({
    code: "digest-invalid",
    message: `"${digest}" is not a digest.`,
    remedy: "Write sha256: and 64 hexadecimal digits.",
  });
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

async function readVerified(path: string, digest: string, folder: string): Promise<Buffer> {
  if (!(await exists(path))) {
    throw new ProblemError({
      code: "blob-missing",
      message: `The image folder ${folder} holds nothing with the digest ${digest}.`,
      remedy: "Push the image to this folder first, or name a digest that it holds.",
    });
  }
  const content = await readFile(path);
  if (`sha256:${createHash("sha256").update(content).digest("hex")}` === digest) return content;
  const { size } = await stat(path);
  throw new ProblemError({
    code: "blob-damaged",
    message: `The file ${path} (${size} bytes) does not have the digest that is its name.`,
    remedy: "Remove that file and push the image again.",
  });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function tagTaken(reference: string, held: string, wanted: string): ProblemError {
  return new ProblemError({
    code: "tag-taken",
    message: `The tag ${reference} names ${held} already; tags are never moved, so it cannot name ${wanted}.`,
    remedy: "Release another commit, or remove the old image if it should never have been.",
  });
}
