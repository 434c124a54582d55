import type { Problem, Result } from "../../model/problem.ts";

/** One entry of a tree: `path` relative to the tree that was listed, `mode` as Git writes it ("100644", "120000", …). */
export interface TreeEntry {
  readonly path: string;
  readonly mode: string;
  readonly type: "blob" | "tree" | "commit";
  readonly id: string;
  /** Bytes of a blob; 0 for the rest. */
  readonly size: number;
}

/** An object named by commit and path. */
export interface FoundObject {
  readonly type: "blob" | "tree" | "commit";
  readonly id: string;
  readonly size: number;
}

/** What a commit says. Times are ISO 8601 in UTC; `trailers` has the keys as written. */
export interface CommitInfo {
  readonly id: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: string;
  readonly committedAt: string;
  readonly subject: string;
  readonly message: string;
  readonly trailers: { readonly [key: string]: string };
}

/** What a commit changed beside its first parent: the blobs of files by path, without those that it removed. */
export interface FileChanges {
  readonly commit: string;
  readonly parent: string | undefined;
  readonly files: ReadonlyMap<string, string>;
}

/** Who and when: part of a commit's id, so given, never taken from the environment. `at` is seconds since the epoch. */
export interface Signature {
  readonly name: string;
  readonly email: string;
  readonly at: number;
}

/** Everything a commit's id is made of. */
export interface NewCommit {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly message: string;
  readonly signature: Signature;
}

/** Whose signatures count, as files outside of the repository; a file that is not named allows nobody. */
export interface AllowedSigners {
  /** SSH keys with who holds them, in the format of ssh-keygen's ALLOWED SIGNERS. */
  readonly signers?: string;
  /** Public keys of GPG, as `gpg --export` writes them. */
  readonly keys?: string;
}

/** The branches of the remote as of a fetch, or why it could not be reached. */
export type FetchResult =
  | { readonly ok: true; readonly branches: ReadonlyMap<string, string> }
  | { readonly ok: false; readonly problem: Problem };

/**
 * How a push ended: `pushed`; `moved` when the branch is no longer at the commit that was expected (nothing was changed);
 * `denied` when the server refuses to write; `unreachable` when it cannot be asked.
 */
export type PushResult =
  | { readonly kind: "pushed" }
  | { readonly kind: "moved" }
  | { readonly kind: "denied" | "unreachable"; readonly problem: Problem };

/**
 * A bare mirror of one remote repository, kept by the git binary. Nothing of the repository is ever executed, no hook, no
 * configuration; reads are of objects, never of a working folder. Methods reject with `ProblemError` where the result type
 * has no place for a failure.
 */
export interface Git {
  /** The remote as it may be shown: without credentials. */
  readonly url: string;
  /** Brings all branches of the remote here. */
  fetch(signal?: AbortSignal): Promise<FetchResult>;
  /** The commit that `branch` had at the last fetch (or push from here); undefined when there is none. */
  branch(branch: string): Promise<string | undefined>;
  commit(id: string): Promise<CommitInfo>;
  /** The id of the tree at `path` ("" is the root) of a commit; undefined when there is none or it is no directory. */
  treeAt(commit: string, path: string): Promise<string | undefined>;
  /** What is at `path` of a commit or of a tree, without its mode; undefined when there is nothing. Cheap, a thousand at a time. */
  find(commitOrTree: string, path: string): Promise<FoundObject | undefined>;
  /**
   * Everything below a tree, in Git's order; `recursive` false lists one level. Rejects with `too-many-files` beyond `most`
   * entries, by default 100,000.
   */
  list(tree: string, options?: { readonly recursive?: boolean; readonly most?: number }): Promise<readonly TreeEntry[]>;
  /** The contents of blobs, by id. */
  blobs(ids: readonly string[]): Promise<ReadonlyMap<string, Buffer>>;
  /** True when `ancestor` is `commit` or one of its ancestors. */
  isAncestor(ancestor: string, commit: string): Promise<boolean>;
  /**
   * Commits that changed `path` ("" is everything), newest first, at most `limit`. `from` is a branch or a commit id; the
   * first parents are followed, so a merge stands for all that it brought.
   */
  log(from: string, path: string, limit: number): Promise<readonly CommitInfo[]>;
  /** As `log`, of any of several paths, with the files that each of the commits left changed below them. */
  changes(from: string, paths: readonly string[], limit: number): Promise<readonly FileChanges[]>;
  /**
   * Commits with a line that begins with one of these trailers, at most `limit`, among the latest `limit` changes of `path` on first
   * parents and what the merges among these brought in. No commit comes before one that descends from it.
   */
  saying(from: string, path: string, trailers: readonly string[], limit: number): Promise<readonly CommitInfo[]>;
  /** Who of the allowed signers signed a commit; a problem that says why none did, and who may. */
  signer(commit: string, allowed: AllowedSigners): Promise<Result<string>>;
  writeBlob(content: Buffer | string): Promise<string>;
  /**
   * The tree `base` with changes by path: a blob or tree id, or null to remove. Directories that become empty go.
   * An undefined base is the empty tree.
   */
  writeTree(base: string | undefined, changes: ReadonlyMap<string, TreeChange | null>): Promise<string>;
  /** Writes a commit object; the same input gives the same id anywhere. */
  writeCommit(commit: NewCommit): Promise<string>;
  /** Pushes without force; the branch must be at `expected` (undefined: must not exist). */
  push(commit: string, branch: string, expected: string | undefined): Promise<PushResult>;
  /** Calls `changed` when a remote on this machine was pushed to; a no-op for others. Returns a function that ends it. */
  onLocalPush(changed: () => void): () => void;
  /** Ends what was started for reading; a later call starts it again. */
  close(): void;
}

/** What to put at a path of a tree. */
export interface TreeChange {
  readonly mode: "100644" | "100755" | "040000";
  readonly id: string;
}
