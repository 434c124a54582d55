import type { Content } from "../../src/model/revision.ts";
import type { MemoryRemote } from "../git/memory-remote.ts";
import { basePath } from "../history/kustomization.ts";

/** Whether a commit has at a place what a record says of it: the directory, and each base that it is made of. */
export function hasContent(remote: MemoryRemote, commit: string, at: string, { tree, composed }: Content): boolean {
  const directory = composed?.directory ?? tree;
  const bases = composed?.bases ?? [];
  return (
    (remote.idAt(commit, at) ?? "") === directory && bases.every((base) => remote.idAt(commit, base.path) === base.tree)
  );
}

/** Whether a directory restored from one commit to another would stand on another base there. */
export function isOnOtherBase(remote: MemoryRemote, from: string, to: string, { composed }: Content): boolean {
  return composed !== undefined && remote.idAt(from, basePath) !== remote.idAt(to, basePath);
}
