import type { Git } from "../io/git/git.ts";
import { digestOf } from "./reference.ts";

/** The trailer of a commit that says of an image, by its digest, that it failed here; one line an image. */
export const rejectsTrailer = "Plumbline-Rejects";

/** The trailer by which people say that an image which was rejected here is to be tried again: `sha256:…`, one line each. */
export const acceptTrailer = "Plumbline-Accept";

/** How many changes of a directory are looked through for what they reject. */
const lookedThrough = 500;

/** How often one commit is asked whether it descends from another; of more nothing counts as accepted. */
const mostQuestions = 500;

/**
 * Images that failed below a directory, by digest, with the commit that says so (behaviour B5). An image is no longer rejected
 * once each commit that rejects it has one that accepts it among those that descend from it: what a merge brings in counts as it
 * stands there, and of two lines that say both the rejection counts. `also` has images that commits reject without saying it,
 * by commit id.
 */
export async function rejectedImages(
  git: Pick<Git, "saying" | "isAncestor">,
  head: string,
  path: string,
  also: ReadonlyMap<string, readonly string[]> = new Map(),
): Promise<ReadonlyMap<string, string>> {
  const commits = await git.saying(head, path, [rejectsTrailer, acceptTrailer], lookedThrough);
  const accepting = new Map<string, string[]>();
  for (const { id, message } of commits) {
    for (const text of linesOf(message, acceptTrailer)) {
      const digest = digestOf(text) ?? text;
      accepting.set(digest, [...(accepting.get(digest) ?? []), id]);
    }
  }
  const descends = questionsTo(git);
  const silent = [...also].map(([id, images]) => ({ id, images, isSilent: true }));
  const saying = commits.map(({ id, message }) => ({ id, images: linesOf(message, rejectsTrailer), isSilent: false }));
  const rejected = new Map<string, string>();
  for (const { id, images, isSilent } of [...saying, ...silent]) {
    if (images.length === 0 || (isSilent && !(await git.isAncestor(id, head)))) continue;
    for (const digest of images.map(digestOf)) {
      if (digest === undefined || rejected.has(digest)) continue;
      const later = (accepting.get(digest) ?? []).filter((one) => one !== id);
      if (!(await anyOf(later, (one) => descends(one, id)))) rejected.set(digest, id);
    }
  }
  return rejected;
}

/** Asks Git of each pair of commits once, and of so many pairs at most that a history made for it cannot hold anybody up. */
function questionsTo(git: Pick<Git, "isAncestor">): (commit: string, from: string) => Promise<boolean> {
  const answers = new Map<string, boolean>();
  return async (commit, from) => {
    const key = `${commit} ${from}`;
    const known = answers.get(key);
    if (known !== undefined || answers.size >= mostQuestions) return known ?? false;
    const answer = await git.isAncestor(from, commit);
    answers.set(key, answer);
    return answer;
  };
}

async function anyOf<T>(all: readonly T[], holds: (one: T) => Promise<boolean>): Promise<boolean> {
  for (const one of all) if (await holds(one)) return true;
  return false;
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
