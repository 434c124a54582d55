import { ProblemError } from "../../model/problem.ts";
import { isNearAncestor } from "./ancestry.ts";
import { parseCommit } from "./commit-text.ts";
import type { GitCommand } from "./git-command.ts";
import type { CommitInfo, FoundObject, Git } from "./git.ts";
import { listTree, treeEntries } from "./list-tree.ts";
import type { ObjectReader } from "./object-reader.ts";
import { changesFormat, parseChanges } from "./read-changes.ts";
import { checkBranch, checkId, isPlainPath } from "./remote.ts";

/** Where the mirror keeps the remote's branches. */
export const tracked = "refs/remotes/origin/";

/** No directory that people keep holds more. */
const mostEntries = 100_000;

type Branches = ReadonlyMap<string, string>;
type Reads = Pick<
  Git,
  "branch" | "commit" | "treeAt" | "find" | "list" | "blobs" | "isAncestor" | "log" | "changes" | "saying"
>;

/** The reading half of a mirror: of objects alone, through one long-lived process wherever that can answer. */
export function reads(git: GitCommand, reader: ObjectReader, branches: () => Branches): Reads {
  return {
    async branch(branch) {
      checkBranch(branch);
      return branches().get(branch);
    },
    commit: (id) => readCommit(reader, id),
    async treeAt(commit, path) {
      const object = await find(reader, commit, path);
      return object?.type === "tree" ? object.id : undefined;
    },
    find: (commit, path) => find(reader, commit, path),
    async list(tree, { recursive = true, most = mostEntries } = {}) {
      checkId(tree);
      return listTree(reader, tree, { recursive, most });
    },
    async blobs(ids) {
      for (const id of ids) checkId(id);
      const read = [...new Set(ids)].map(async (id): Promise<[string, Buffer]> => {
        return [id, present(await reader.contents(id), id).content];
      });
      return new Map(await Promise.all(read));
    },
    async isAncestor(ancestor, commit) {
      checkId(ancestor);
      checkId(commit);
      if (await isNearAncestor(reader, ancestor, commit)) return true;
      // What the mirror does not have, as after a force push, is before none.
      for (const id of [ancestor, commit]) if ((await reader.info(id)) === undefined) return false;
      return git.says(["merge-base", "--is-ancestor", ancestor, commit]);
    },
    async log(from, path, limit) {
      const last = limit === 1 && path !== "" && isId(from) ? await lastChange(reader, from, path) : undefined;
      if (last) return [last];
      const ids = await touching(git, from, path, limit, branches(), ["--first-parent"]);
      return Promise.all(ids.map((id) => readCommit(reader, id)));
    },
    async changes(from, paths, limit) {
      const options = ["--first-parent", ...changesFormat];
      return parseChanges(await logText(git, { from, paths, limit, branches: branches(), options }));
    },
    async saying(from, path, trailers, limit) {
      const lines = trailers.map((trailer) => `--grep=^${checkTrailer(trailer)}: `);
      // Without an end all of the history would be walked for trailers that are rare.
      const [end] = (await touching(git, from, path, limit + 1, branches(), ["--first-parent"])).slice(limit);
      const range = end === undefined ? [] : [`^${end}`];
      const all = ["--topo-order", "--full-history", "--show-pulls", "--basic-regexp", ...lines, ...range];
      const ids = await touching(git, from, path, limit, branches(), all);
      const commits = await Promise.all(ids.map((id) => readCommit(reader, id)));
      // git shows a merge that differs from any of its parents; one that brought nothing here says nothing of it.
      const brought = await Promise.all(commits.map((commit) => bringsChange(reader, commit, path)));
      return commits.filter((_, index) => brought[index]);
    },
  };
}

async function find(reader: ObjectReader, commit: string, path: string): Promise<FoundObject | undefined> {
  checkId(commit);
  if (path !== "" && !isPlainPath(path)) return undefined;
  const object = await reader.info(`${commit}:${path}`);
  if (object === undefined && (await isLost(reader, commit, path))) {
    throw missing(`what stands at ${JSON.stringify(path)} of ${commit}`);
  }
  return object && { type: object.type as FoundObject["type"], id: object.id, size: object.size };
}

/**
 * True when there is something at the path, and the mirror has lost it: git gives the same answer for a path that is not there,
 * and what was removed from Git is treated in another way than what is only damaged here.
 */
async function isLost(reader: ObjectReader, commit: string, path: string): Promise<boolean> {
  if (path === "") return (await reader.info(commit)) !== undefined;
  const cut = path.lastIndexOf("/");
  const above = path.slice(0, Math.max(cut, 0));
  const directory = await reader.contents(`${commit}:${above}`);
  if (directory === undefined) return isLost(reader, commit, above);
  if (directory.type !== "tree") return false;
  // The commit of a submodule is never here.
  return treeEntries(directory).some(({ name, mode }) => name === path.slice(cut + 1) && mode !== "160000");
}

/** The branches that the mirror has, with their commits. */
export async function readBranches(git: GitCommand): Promise<Branches> {
  const lines = (await git.output(["for-each-ref", "--format=%(objectname) %(refname)", tracked]))
    .toString()
    .split("\n");
  return new Map(
    lines
      .filter((line) => line !== "")
      .map((line) => {
        const space = line.indexOf(" ");
        return [line.slice(space + 1 + tracked.length), line.slice(0, space)];
      }),
  );
}

function present<T>(object: T | undefined, id: string): T {
  if (object !== undefined) return object;
  throw missing(`the object ${id}`);
}

function missing(what: string): ProblemError {
  return new ProblemError({
    code: "object-missing",
    message: `The mirror does not have ${what}.`,
    remedy:
      "The mirror is looked over at the next fetch and made anew where it is damaged; git fsck shows whether the repository is.",
  });
}

async function readCommit(reader: ObjectReader, id: string): Promise<CommitInfo> {
  checkId(id);
  return parseCommit(id, present(await reader.contents(`${id}^{commit}`), id).content);
}

/** So many commits are looked at before git is asked, which takes a process and then looks much faster. */
const nearest = 32;

/**
 * The newest of the nearest commits that changed the directory at `path`, on first parents: an application is mostly asked for
 * because it has just changed. Undefined where that is none of them, or no directory.
 */
async function lastChange(reader: ObjectReader, from: string, path: string): Promise<CommitInfo | undefined> {
  let at = await readCommit(reader, from);
  const here = await find(reader, from, path);
  if (here?.type !== "tree") return undefined;
  for (let steps = 0; steps < nearest; steps += 1) {
    const [parent] = at.parents;
    const before = parent === undefined ? undefined : await find(reader, parent, path);
    if (before?.id !== here.id) return at;
    if (parent === undefined) return undefined;
    at = await readCommit(reader, parent);
  }
  return undefined;
}

async function bringsChange(reader: ObjectReader, { id, parents }: CommitInfo, path: string): Promise<boolean> {
  const [first, ...others] = parents;
  if (first === undefined || others.length === 0) return true;
  const [before, after] = [await find(reader, first, path), await find(reader, id, path)];
  return before?.id !== after?.id;
}

/** A trailer is looked for as it is: nothing of it may be a pattern. */
function checkTrailer(trailer: string): string {
  if (/^[A-Za-z-]+$/.test(trailer)) return trailer;
  throw new Error(`${JSON.stringify(trailer)} is not the name of a trailer`);
}

/** An id is never the name of a branch, so that a branch which is called like a commit cannot stand in for it. */
function isId(text: string): boolean {
  return /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}

async function touching(
  git: GitCommand,
  from: string,
  path: string,
  limit: number,
  branches: Branches,
  options: readonly string[],
): Promise<readonly string[]> {
  const paths = path === "" ? [] : [path];
  const text = await logText(git, { from, paths, limit, branches, options: [...options, "--format=%H"] });
  return text.split("\n").filter((line) => line !== "");
}

interface LogQuestion {
  readonly from: string;
  readonly paths: readonly string[];
  readonly limit: number;
  readonly branches: Branches;
  readonly options: readonly string[];
}

async function logText(git: GitCommand, { from, paths, limit, branches, options }: LogQuestion): Promise<string> {
  const start = isId(from) ? from : branches.get(from);
  if (start === undefined) {
    checkBranch(from);
    return "";
  }
  const args = ["log", ...options, `--max-count=${Math.max(0, Math.trunc(limit))}`, start, "--", ...paths];
  return (await git.output(args)).toString();
}
