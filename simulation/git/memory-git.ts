import { checkBranch, checkId, isPlainPath } from "../../src/io/git/remote.ts";
import type { Git, TreeEntry } from "../../src/io/git/git.ts";
import { changes } from "./changes.ts";
import { isTree } from "./object-store.ts";
import { missing } from "./memory-remote.ts";
import type { MemoryRemote } from "./memory-remote.ts";
import { saying, touching } from "./saying.ts";

/** A mirror of a remote in memory: it knows the branches as of its last fetch or push, and shares the objects. */
export function memoryGit(remote: MemoryRemote): Git {
  let branches: ReadonlyMap<string, string> = new Map();
  return {
    url: "memory://deployments",
    ...objectsOf(remote),
    ...logsOf(remote, (branch) => branches.get(branch)),
    async fetch() {
      branches = remote.branches();
      return { ok: true, branches };
    },
    async branch(branch) {
      checkBranch(branch);
      return branches.get(branch);
    },
    async push(commit, branch, expected) {
      checkId(commit);
      checkBranch(branch);
      if (expected !== undefined && !remote.isAncestor(expected, commit)) return { kind: "moved" };
      const now = remote.branch(branch);
      if (now !== expected && now !== commit) return { kind: "moved" };
      remote.setBranch(branch, commit, "engine");
      branches = new Map(branches).set(branch, commit);
      return { kind: "pushed" };
    },
    onLocalPush: (changed) => remote.onPush(() => changed()),
    close: () => undefined,
  };
}

type ObjectMethods = "treeAt" | "find" | "list" | "blobs" | "writeBlob" | "writeTree" | "writeCommit";

/** Trees and files, to read and to write. */
function objectsOf(remote: MemoryRemote): Pick<Git, ObjectMethods> {
  const { objects } = remote;
  return {
    async treeAt(commit, path) {
      const found = find(remote, commit, path);
      return found?.type === "tree" ? found.id : undefined;
    },
    find: async (commit, path) => find(remote, commit, path),
    async list(tree, { recursive = true } = {}) {
      checkId(tree);
      return [...listed(remote, tree, "", recursive)];
    },
    async blobs(ids) {
      return new Map(
        ids.map((id): [string, Buffer] => {
          checkId(id);
          const object = objects.read(id);
          if (!object) throw missing("object", id);
          return [id, object.content];
        }),
      );
    },
    writeBlob: async (content) => objects.write("blob", Buffer.from(content)),
    writeTree: async (base, changes) => remote.writeTree(base, changes),
    writeCommit: async (commit) => remote.writeCommit(commit),
  };
}

type LogMethods = "commit" | "isAncestor" | "log" | "changes" | "saying" | "signer";

/** Commits and what lies before them, from an id or from a branch where `tipOf` says it is. */
function logsOf(remote: MemoryRemote, tipOf: (branch: string) => string | undefined): Pick<Git, LogMethods> {
  const startOf = (from: string): string | undefined => {
    if (/^[0-9a-f]{40}$/.test(from)) return from;
    checkBranch(from);
    return tipOf(from);
  };
  return {
    async commit(id) {
      checkId(id);
      return remote.commit(id);
    },
    async isAncestor(ancestor, commit) {
      checkId(ancestor);
      checkId(commit);
      return remote.isAncestor(ancestor, commit);
    },
    async log(from, path, limit) {
      const start = startOf(from);
      return start === undefined ? [] : touching(remote, start, path, limit);
    },
    async changes(from, paths, limit) {
      const start = startOf(from);
      if (start === undefined) return [];
      const all = changes(remote, start, paths, (tree) => listed(remote, tree, "", true));
      return [...take(all, limit)];
    },
    async saying(from, path, trailers, limit) {
      const start = startOf(from);
      return start === undefined ? [] : saying(remote, start, path, trailers, limit);
    },
    signer: async () => ({
      ok: false,
      problems: [{ code: "unsigned", message: "nothing is signed in a simulation" }],
    }),
  };
}

function* take<T>(all: Iterable<T>, limit: number): Generator<T> {
  let left = limit;
  for (const one of all) {
    if (left <= 0) return;
    left -= 1;
    yield one;
  }
}

function find(remote: MemoryRemote, commit: string, path: string): Awaited<ReturnType<Git["find"]>> {
  checkId(commit);
  if (path !== "" && !isPlainPath(path)) return undefined;
  const object = remote.objects.read(commit);
  if (!object) return undefined;
  const entry = remote.entryAt(object.type === "commit" ? remote.commit(commit).tree : commit, path);
  if (!entry) return undefined;
  const type = isTree(entry) ? "tree" : "blob";
  return { type, id: entry.id, size: type === "blob" ? (remote.objects.read(entry.id)?.content.length ?? 0) : 0 };
}

function* listed(remote: MemoryRemote, tree: string, below: string, recursive: boolean): Generator<TreeEntry> {
  const entries = remote.objects.tree(tree);
  if (!entries) throw missing("tree", tree);
  for (const entry of entries) {
    const { name, id, mode } = entry;
    const path = below + name;
    if (isTree(entry) && recursive) yield* listed(remote, id, `${path}/`, true);
    else if (isTree(entry)) yield { path, mode: "040000", type: "tree", id, size: 0 };
    else yield { path, mode, type: "blob", id, size: remote.objects.read(id)?.content.length ?? 0 };
  }
}
