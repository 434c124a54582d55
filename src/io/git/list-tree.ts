import { ProblemError } from "../../model/problem.ts";
import type { TreeEntry } from "./git.ts";
import type { ObjectReader, ReadObject } from "./object-reader.ts";

/** An entry as the bytes of a tree have it; `mode` has six digits. */
export interface RawEntry {
  readonly mode: string;
  readonly name: string;
  readonly id: string;
}

/**
 * What stands below a tree, in Git's order, read through the one process that reads all objects. More
 * than `most` entries, directories counted, are refused: a repository of a few hundred bytes can name ten thousand million files.
 */
export async function listTree(
  reader: ObjectReader,
  tree: string,
  { recursive, most }: { readonly recursive: boolean; readonly most: number },
): Promise<readonly TreeEntry[]> {
  const found: Promise<TreeEntry>[] = [];
  let met = 0;
  const walk = async (id: string, prefix: string): Promise<void> => {
    for (const { mode, name, id: entry } of await readTree(reader, id)) {
      met += 1;
      if (met > most) throw tooMany(tree, most);
      const path = prefix + name;
      if (mode === "040000" && recursive) await walk(entry, `${path}/`);
      else found.push(described(reader, { path, mode, id: entry }));
    }
  };
  await walk(tree, "");
  return Promise.all(found);
}

async function described(
  reader: ObjectReader,
  { path, mode, id }: { readonly path: string; readonly mode: string; readonly id: string },
): Promise<TreeEntry> {
  if (mode === "040000") return { path, mode, type: "tree", id, size: 0 };
  if (mode === "160000") return { path, mode, type: "commit", id, size: 0 };
  const blob = await reader.info(id);
  if (blob?.type !== "blob") throw unreadable(id, `what stands at ${JSON.stringify(path)} is not there`);
  return { path, mode, type: "blob", id, size: blob.size };
}

async function readTree(reader: ObjectReader, tree: string): Promise<readonly RawEntry[]> {
  const object = await reader.contents(tree);
  if (object?.type !== "tree") throw unreadable(tree, "it is no directory");
  return treeEntries(object);
}

/** The format of a tree: mode, space, name, NUL and the bytes of the id, again and again (git-fast-import(1), gitformat-pack(5)). */
export function treeEntries({ id: tree, content }: ReadObject, names: "utf8" | "latin1" = "utf8"): readonly RawEntry[] {
  const idBytes = tree.length / 2;
  const entries: RawEntry[] = [];
  for (let at = 0; at < content.length;) {
    const space = content.indexOf(0x20, at);
    const end = content.indexOf(0, space);
    if (space < 0 || end < 0 || end + 1 + idBytes > content.length) throw unreadable(tree, "it is damaged");
    const mode = content.toString("latin1", at, space).padStart(6, "0");
    entries.push({
      mode,
      name: content.toString(names, space + 1, end),
      id: content.toString("hex", end + 1, end + 1 + idBytes),
    });
    at = end + 1 + idBytes;
  }
  return entries;
}

function tooMany(tree: string, most: number): ProblemError {
  return new ProblemError({
    code: "too-many-files",
    message: `The directory ${tree} holds more than ${most} files and directories; no more are taken.`,
    remedy: "Keep manifests only in this directory, or split it into several applications.",
  });
}

function unreadable(tree: string, why: string): ProblemError {
  return new ProblemError({
    code: "git-failed",
    message: `The directory ${tree} of the mirror cannot be read: ${why}.`,
    remedy: "It is fetched again with the next change; git fsck in the repository shows what is wrong with it.",
  });
}
