import type { NewCommit, TreeChange } from "../../src/io/git/git.ts";
import type { CommitInfo } from "../../src/io/git/git.ts";
import { parseCommit } from "../../src/io/git/commit-text.ts";
import { ProblemError } from "../../src/model/problem.ts";
import { isPlainPath } from "../../src/io/git/remote.ts";
import { isTree, ObjectStore } from "./object-store.ts";
import type { Entry } from "./object-store.ts";

/** Who moves a branch. */
export type Pusher = "engine" | "person";

/** Told of each branch that moves. */
type PushListener = (branch: string, commit: string, by: Pusher) => void;

/** A remote repository in memory: objects, branches, and who wants to know when one moves. */
export class MemoryRemote {
  readonly objects = new ObjectStore();
  readonly #branches = new Map<string, string>();
  readonly #listeners = new Set<PushListener>();
  readonly #commits = new Map<string, CommitInfo>();

  branches(): ReadonlyMap<string, string> {
    return new Map(this.#branches);
  }

  branch(name: string): string | undefined {
    return this.#branches.get(name);
  }

  /** Moves a branch wherever it is told to; who may do that is for others to say. */
  setBranch(name: string, commit: string, by: Pusher): void {
    if (this.#branches.get(name) === commit) return;
    this.#branches.set(name, commit);
    for (const listener of this.#listeners) listener(name, commit, by);
  }

  deleteBranch(name: string): void {
    this.#branches.delete(name);
  }

  onPush(listener: PushListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  commit(id: string): CommitInfo {
    const known = this.#commits.get(id);
    if (known) return known;
    const object = this.objects.read(id);
    if (object?.type !== "commit") throw missing("commit", id);
    const commit = parseCommit(id, object.content);
    this.#commits.set(id, commit);
    return commit;
  }

  /** The entry at a path of a tree; undefined when there is nothing. */
  entryAt(tree: string, path: string): Entry | undefined {
    let at: Entry | undefined = { mode: "40000", name: "", id: tree };
    for (const part of path === "" ? [] : path.split("/")) {
      at = at && isTree(at) ? this.objects.tree(at.id)?.find(({ name }) => name === part) : undefined;
    }
    return at;
  }

  /** The tree or blob at a path of a commit; undefined when there is none. */
  idAt(commit: string, path: string): string | undefined {
    return this.entryAt(this.commit(commit).tree, path)?.id;
  }

  isAncestor(ancestor: string, commit: string): boolean {
    const seen = new Set<string>();
    const open = [commit];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (id === ancestor) return true;
      if (seen.has(id)) continue;
      seen.add(id);
      open.push(...this.commit(id).parents);
    }
    return false;
  }

  /** The first parents of a commit, itself in front. */
  *firstParents(commit: string): Generator<CommitInfo> {
    for (let id: string | undefined = commit; id !== undefined;) {
      const info = this.commit(id);
      yield info;
      id = info.parents[0];
    }
  }

  /** What `Git.writeTree` says. */
  writeTree(base: string | undefined, changes: ReadonlyMap<string, TreeChange | null>): string {
    let root = base;
    for (const [path, change] of changes) {
      if (!isPlainPath(path)) {
        throw new ProblemError({ code: "path-refused", message: `${JSON.stringify(path)} is no path to write to` });
      }
      root = this.#change(root, path.split("/"), change);
    }
    return root ?? this.objects.writeTree([]);
  }

  /** What `Git.writeCommit` says. */
  writeCommit({ tree, parents, message, signature: { name, email, at } }: NewCommit): string {
    const who = `${name} <${email}> ${Math.trunc(at)} +0000`;
    const lines = [
      `tree ${tree}`,
      ...parents.map((parent) => `parent ${parent}`),
      `author ${who}`,
      `committer ${who}`,
      "",
      message,
    ];
    return this.objects.write("commit", Buffer.from(lines.join("\n")));
  }

  /** The tree with one change; undefined when nothing is left of it. */
  #change(tree: string | undefined, [name = "", ...rest]: readonly string[], change: TreeChange | null) {
    const entries = tree === undefined ? [] : (this.objects.tree(tree) ?? []);
    const others = entries.filter((entry) => entry.name !== name);
    const before = entries.find((entry) => entry.name === name);
    let next: Entry | undefined;
    if (rest.length === 0) {
      next = change ? { mode: change.mode.replace(/^0/, ""), name, id: change.id } : undefined;
    } else if (change === null && before && !isTree(before)) {
      next = before;
    } else {
      const below = this.#change(before && isTree(before) ? before.id : undefined, rest, change);
      next = below === undefined ? undefined : { mode: "40000", name, id: below };
    }
    const all = next ? [...others, next] : others;
    return all.length === 0 ? undefined : this.objects.writeTree(all);
  }
}

/** There is no such object. */
export function missing(what: string, id: string): ProblemError {
  return new ProblemError({ code: "object-missing", message: `the repository has no ${what} ${id}` });
}
