import { h } from "./dom.ts";
import { commitUrl } from "./forge.ts";
import { clip, shortId } from "./words.ts";

/** What every part of the page is drawn against: the moment, in milliseconds since the epoch, and the repository. */
export interface Scene {
  readonly now: number;
  readonly repository: string;
}

/** A commit by its first digits, and a way to it on the forge where one is known. */
export function commitPart({ repository }: Scene, commit: string): HTMLElement {
  const code = h("code", { title: clip(commit, 64) }, shortId(commit));
  const href = commitUrl(repository, commit);
  return href === undefined ? code : h("a", { class: "commit-link", href, rel: "noreferrer" }, code);
}
