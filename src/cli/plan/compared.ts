import { copyFile, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Git } from "../../io/git/git.ts";
import { ProblemError } from "../../model/problem.ts";
import type { NamedCommit } from "../../model/plan-document.ts";
import { withMirror } from "../temporary-mirror.ts";
import { WorkingCopy } from "../working-copy.ts";
import type { World } from "../world.ts";

/** What `plumb plan` compares, and from where it is read. */
export interface Compared {
  readonly git: Git;
  /** As it may be shown. */
  readonly repository: string;
  readonly from: NamedCommit;
  readonly to: NamedCommit;
  readonly notes: readonly string[];
}

/** Which commits are meant, of which repository. */
export interface Choice {
  /** `A..B`, `A...B` or `B`; default HEAD of a clone. */
  readonly range?: string;
  /** A clone, or the URL of a repository. */
  readonly repository: string;
  /** The tracked branch. */
  readonly branch: string;
}

/** Opens the repository and finds the two commits, for as long as `use` takes. Rejects with `ProblemError` that names what is not there. */
export function withCompared<T>(world: World, choice: Choice, use: (compared: Compared) => Promise<T>): Promise<T> {
  const folder = resolve(world.cwd, choice.repository);
  return existsSync(join(folder, ".git")) ? inClone(world, folder, choice, use) : inRemote(world, choice, use);
}

/** A clone is read as it is: what is committed there need not be pushed, and nothing of it is changed. */
async function inClone<T>(
  world: World,
  clone: string,
  choice: Choice,
  use: (compared: Compared) => Promise<T>,
): Promise<T> {
  const copy = new WorkingCopy(clone, world.env);
  const isFetched = (await copy.commitOf(`refs/remotes/origin/${choice.branch}`)) !== undefined;
  const tracked = isFetched ? `origin/${choice.branch}` : choice.branch;
  return withMirror(world, clone, async (git, folder) => {
    const path = async (name: string): Promise<string> =>
      resolve(clone, await copy.git("rev-parse", "--git-path", name));
    await writeFile(join(folder, "objects", "info", "alternates"), `${await path("objects")}\n`);
    const shallow = await path("shallow");
    if (existsSync(shallow)) await copyFile(shallow, join(folder, "shallow"));
    const named = await endsOf(copy, choice.range ?? "HEAD", tracked, (name) => [name]);
    const changed = await copy.git("status", "--porcelain");
    const uncommitted = changed === "" || !named.to.name.includes("HEAD") ? [] : [uncommittedNote(changed)];
    return use({ git, repository: clone, ...named, notes: uncommitted });
  });
}

async function inRemote<T>(world: World, choice: Choice, use: (compared: Compared) => Promise<T>): Promise<T> {
  const { range } = choice;
  if (range === undefined) {
    throw new ProblemError({
      code: "range-not-named",
      message: `the repository is not a clone on this machine, so there is no HEAD to compare with ${choice.branch}`,
      remedy: `say what is to be compared, such as ${choice.branch}..my-branch, or run it in a clone`,
    });
  }
  return withMirror(world, choice.repository, async (git, folder) => {
    const fetched = await git.fetch();
    if (!fetched.ok) throw new ProblemError(fetched.problem);
    const copy = new WorkingCopy(folder, world.env);
    // A name is a branch of the remote first, then a commit.
    const ways = (name: string): readonly string[] => [`refs/remotes/origin/${name.replace(/^origin\//, "")}`, name];
    const named = await endsOf(copy, range, choice.branch, ways);
    return use({ git, repository: git.url, ...named, notes: [] });
  });
}

/** The two ends of a range: of `A...B` and of `B` alone the first is where they parted, so that only what B brings counts. */
async function endsOf(
  copy: WorkingCopy,
  range: string,
  tracked: string,
  ways: (name: string) => readonly string[],
): Promise<{ readonly from: NamedCommit; readonly to: NamedCommit }> {
  const [, left, dots, right = ""] = /^(.*?)(\.{2,3})(.*)$/.exec(range) ?? [range, tracked, "...", range];
  const commitOf = async (name: string): Promise<NamedCommit> => ({ name, commit: await resolved(copy, name, ways) });
  const [from, to] = [
    await commitOf(left === "" ? tracked : (left ?? tracked)),
    await commitOf(right === "" ? "HEAD" : right),
  ];
  if (dots === "..") return { from, to };
  const parted = await copy.git("merge-base", from.commit, to.commit).catch((error: unknown) => {
    throw new ProblemError(
      {
        code: "nothing-in-common",
        message: `${from.name} and ${to.name} have no commit in common here`,
        remedy: "fetch all of the history (fetch-depth: 0 in CI), or compare the two as they are: A..B",
      },
      error,
    );
  });
  return { from: { name: from.name, commit: parted }, to };
}

async function resolved(copy: WorkingCopy, name: string, ways: (name: string) => readonly string[]): Promise<string> {
  for (const way of name.startsWith("-") ? [] : ways(name)) {
    const found = await copy.commitOf(way);
    if (found !== undefined) return found;
  }
  throw new ProblemError({
    code: "commit-not-found",
    message: `${JSON.stringify(name)} is no branch, tag or commit of the repository`,
    remedy: "name one that is there, fetched; ids may be shortened",
  });
}

function uncommittedNote(changed: string): string {
  const files = changed.split("\n").length;
  return `${files} ${files === 1 ? "file has" : "files have"} changes that are not committed: they are not part of this plan`;
}
