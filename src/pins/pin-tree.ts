import type { Git, TreeChange, TreeEntry } from "../io/git/git.ts";
import type { Problem } from "../model/problem.ts";
import { pinReferences } from "./pin-references.ts";
import type { Pin } from "./pin-references.ts";

/** A file whose text changes when the images are pinned; `places` are `file:line`. */
export interface PinnedFile {
  readonly path: string;
  readonly mode: TreeChange["mode"];
  readonly text: string;
  readonly places: readonly string[];
}

/** What pinning changes below a directory. With problems nothing of it may be written. */
export interface PinnedTree {
  readonly files: readonly PinnedFile[];
  /** Repositories that are referred to at all, and those of which a reference changes. */
  readonly referred: ReadonlySet<string>;
  readonly changed: ReadonlySet<string>;
  readonly problems: readonly Problem[];
}

/** Pins images in every manifest of a tree, which stands at `path` ("" for the root). Writes nothing. */
export async function pinTree(git: Git, tree: string, path: string, pins: readonly Pin[]): Promise<PinnedTree> {
  const manifests = (await git.list(tree)).filter(isManifest);
  const contents = await git.blobs(manifests.map((entry) => entry.id));
  const referred = new Set<string>();
  const changed = new Set<string>();
  const files: PinnedFile[] = [];
  const problems: Problem[] = [];
  for (const entry of manifests) {
    const content = contents.get(entry.id) ?? Buffer.alloc(0);
    const file = path === "" ? entry.path : `${path}/${entry.path}`;
    const result = pinReferences(content.toString("utf8"), file, pins);
    if (!result.ok) {
      problems.push(...result.problems);
      continue;
    }
    const { text, places } = result.value;
    for (const { repository } of places) referred.add(repository);
    const moved = places.filter((place) => place.changed);
    if (moved.length === 0) continue;
    if (!isUtf8(content)) problems.push(otherEncoding(file));
    for (const { repository } of moved) changed.add(repository);
    const mode = entry.mode === "100755" ? "100755" : "100644";
    files.push({ path: file, mode, text, places: moved.map(({ line }) => `${file}:${line}`) });
  }
  return { files, referred, changed, problems };
}

/** The tree `base` with the pinned files in it. */
export async function writePinned(git: Git, base: string, files: readonly PinnedFile[]): Promise<string> {
  const entries = await Promise.all(
    files.map(async ({ path, mode, text }): Promise<[string, TreeChange]> => [
      path,
      { mode, id: await git.writeBlob(text) },
    ]),
  );
  return git.writeTree(base, new Map(entries));
}

function isManifest({ path, type, mode }: TreeEntry): boolean {
  return type === "blob" && mode !== "120000" && /(\.(ya?ml|json)|(^|\/)Kustomization)$/.test(path);
}

/** Text that does not survive being read as UTF-8 would be damaged by writing it back. */
function isUtf8(content: Buffer): boolean {
  return Buffer.from(content.toString("utf8")).equals(content);
}

function otherEncoding(file: string): Problem {
  return {
    code: "manifest-encoding",
    message: "is not UTF-8, so it cannot be changed without damage.",
    where: { file },
    remedy: "Save the file as UTF-8.",
  };
}
