import type { FileChanges, TreeEntry } from "../../src/io/git/git.ts";
import type { MemoryRemote } from "./memory-remote.ts";

/** What `Git.changes` says; `listed` are the files of a tree. */
export function* changes(
  remote: MemoryRemote,
  start: string,
  paths: readonly string[],
  listed: (tree: string) => Iterable<TreeEntry>,
): Generator<FileChanges> {
  const filesOf = (tree: string): ReadonlyMap<string, string> => {
    const isMeant = ({ path }: TreeEntry) => paths.some((one) => path === one || path.startsWith(`${one}/`));
    return new Map([...listed(tree)].filter(isMeant).map(({ path, id }) => [path, id]));
  };
  for (const { id: commit, tree, parents } of remote.firstParents(start)) {
    const [parent] = parents;
    const before = parent === undefined ? new Map() : filesOf(remote.commit(parent).tree);
    const now = filesOf(tree);
    const files = new Map([...now].filter(([path, id]) => before.get(path) !== id));
    const isRemoved = [...before.keys()].some((path) => !now.has(path));
    // What git would quote it leaves out.
    const plain = new Map([...files].filter(([path]) => /^[ !#-[\]-~]+$/.test(path)));
    if (files.size > 0 || isRemoved) yield { commit, parent, files: plain };
  }
}
