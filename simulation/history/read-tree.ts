import type { MemoryRemote } from "../git/memory-remote.ts";
import type { Files } from "./manifests.ts";

/** The files of a directory at a commit; undefined when it is not there. */
export function filesAt(remote: MemoryRemote, commit: string, path: string): Files | undefined {
  const tree = remote.idAt(commit, path);
  return tree === undefined ? undefined : filesOf(remote, tree);
}

/** The files of a tree. */
export function filesOf(remote: MemoryRemote, tree: string): Files {
  const entries = remote.objects.tree(tree) ?? [];
  return new Map(entries.map(({ name, id }) => [name, remote.objects.read(id)?.content.toString() ?? ""]));
}
