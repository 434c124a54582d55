import type { Git } from "../io/git/git.ts";
import { digestOf } from "./reference.ts";

/** The trailer of a commit that says of an image, by its digest, that it failed here; one line an image. */
export const rejectsTrailer = "Plumbline-Rejects";

/** The trailer by which people say that an image which was rejected here is to be tried again: `sha256:…`, one line each. */
export const acceptTrailer = "Plumbline-Accept";

/** How many commits of a directory are looked through for what they reject. */
const lookedThrough = 500;

/**
 * Images that failed below a directory, by digest, with the commit that says so (behaviour B5). What a later commit accepts is
 * no longer rejected, until it fails again. `also` has images that commits reject without saying it, by commit id.
 */
export async function rejectedImages(
  git: Pick<Git, "log">,
  head: string,
  path: string,
  also: ReadonlyMap<string, readonly string[]> = new Map(),
): Promise<ReadonlyMap<string, string>> {
  const accepted = new Set<string>();
  const rejected = new Map<string, string>();
  for (const { id, message } of await git.log(head, path, lookedThrough)) {
    const images = [...linesOf(message, rejectsTrailer), ...(also.get(id) ?? [])];
    for (const digest of images.map(digestOf)) {
      if (digest !== undefined && !accepted.has(digest) && !rejected.has(digest)) rejected.set(digest, id);
    }
    for (const text of linesOf(message, acceptTrailer)) accepted.add(digestOf(text) ?? text);
  }
  return rejected;
}

/** The exact words that let an image in again, for the remedy of a refusal. */
export function howToAccept(path: string, digests: readonly string[]): string {
  const trailers = digests.map((digest) => `${acceptTrailer}: ${digest}`).join(" and ");
  return `release a corrected version; or, if this one is meant, commit a change below ${path} with the trailer ${trailers}`;
}

function linesOf(message: string, trailer: string): readonly string[] {
  const prefix = `${trailer}: `;
  return message.split("\n").flatMap((line) => (line.startsWith(prefix) ? [line.slice(prefix.length).trim()] : []));
}
