import type { CommitInfo } from "../../src/io/git/git.ts";
import type { MemoryRemote } from "./memory-remote.ts";

/** The commits among the first parents of a commit (itself in front) that changed a path, newest first. */
export function touching(remote: MemoryRemote, start: string, path: string, limit: number): readonly CommitInfo[] {
  const found: CommitInfo[] = [];
  for (const commit of remote.firstParents(start)) {
    if (found.length >= limit) break;
    if (brings(remote, commit, path)) found.push(commit);
  }
  return found;
}

/** What `Git.saying` says. */
export function saying(
  remote: MemoryRemote,
  start: string,
  path: string,
  trailers: readonly string[],
  limit: number,
): readonly CommitInfo[] {
  const wrong = trailers.find((trailer) => !/^[A-Za-z-]+$/.test(trailer));
  if (wrong !== undefined) throw new Error(`${JSON.stringify(wrong)} is not the name of a trailer`);
  const said = new RegExp(`^(${trailers.join("|")}): `, "m");
  const [end] = touching(remote, start, path, limit + 1).slice(limit);
  const past = new Set(end ? childrenFirst(remote, end.id, new Set()).map(({ id }) => id) : []);
  return childrenFirst(remote, start, past)
    .filter((commit) => said.test(commit.message) && brings(remote, commit, path))
    .slice(0, limit);
}

/** True when a commit differs at a path from its first parent. */
function brings(remote: MemoryRemote, { id, parents: [parent] }: CommitInfo, path: string): boolean {
  return path === "" || remote.idAt(id, path) !== (parent === undefined ? undefined : remote.idAt(parent, path));
}

/** A commit and all before it that are not `past`, no commit before one that descends from it. */
function childrenFirst(remote: MemoryRemote, start: string, past: ReadonlySet<string>): readonly CommitInfo[] {
  const seen = new Set(past);
  const done: CommitInfo[] = [];
  const open: { readonly id: string; readonly isDone: boolean }[] = [{ id: start, isDone: false }];
  for (let next = open.pop(); next; next = open.pop()) {
    const commit = remote.commit(next.id);
    if (next.isDone) done.push(commit);
    if (next.isDone || seen.has(next.id)) continue;
    seen.add(next.id);
    open.push({ id: next.id, isDone: true }, ...commit.parents.toReversed().map((id) => ({ id, isDone: false })));
  }
  return done.toReversed();
}
