import { createHash } from "node:crypto";
import { ProblemError } from "../../model/problem.ts";
import type { Content, Measured } from "./registry.ts";

/** `sha256:` and the hex digest of these bytes. */
export function digestOf(content: Uint8Array): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

/** The hex digits of a sha256 digest; anything else could name a file outside of a layout, or another path of a server. */
export function hexOf(digest: string): string {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1];
  if (hex !== undefined) return hex;
  throw new ProblemError({
    code: "digest-invalid",
    message: `"${digest}" is not a digest.`,
    remedy: "Write sha256: and 64 hexadecimal digits.",
  });
}

/** Reads content once for its digest and size. */
export async function measure(content: Content): Promise<Measured> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of content()) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { digest: `sha256:${hash.digest("hex")}`, size };
}

/** All of the bytes at once, for content that is known to be small: more than `most` bytes are refused. */
export async function readAll(content: AsyncIterable<Uint8Array>, most: number, what: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of content) {
    size += chunk.length;
    if (size > most) {
      throw new ProblemError({
        code: "blob-size",
        message: `${what} has more than ${most} bytes, which nothing of its kind should have.`,
        remedy: "Name another image.",
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The bytes as they come, with an error at their end when they do not have the digest. */
export async function* verified(
  content: AsyncIterable<Uint8Array>,
  digest: string,
  damaged: () => ProblemError,
): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  for await (const chunk of content) {
    hash.update(chunk);
    yield chunk;
  }
  if (`sha256:${hash.digest("hex")}` !== digest) throw damaged();
}

/** The refusal of a tag that names something else. */
export function tagTaken(reference: string, held: string, wanted: string): ProblemError {
  return new ProblemError({
    code: "tag-taken",
    message: `The tag ${reference} names ${held} already; tags are never moved, so it cannot name ${wanted}.`,
    remedy: "Release another commit, or remove the old image if it should never have been.",
  });
}

/** What of a manifest is needed to keep it: the one that it refers to, and the type by which it is looked for. */
export function subjectOf(manifest: Buffer): { readonly subject: string; readonly artifactType: string } | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(manifest.toString("utf8"));
  } catch {
    return undefined;
  }
  const { subject, artifactType, config } = (parsed ?? {}) as {
    subject?: { digest?: unknown };
    artifactType?: unknown;
    config?: { mediaType?: unknown };
  };
  if (typeof subject?.digest !== "string") return undefined;
  const type = artifactType ?? config?.mediaType;
  return { subject: subject.digest, artifactType: typeof type === "string" ? type : "" };
}
