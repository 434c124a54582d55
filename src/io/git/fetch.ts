import type { Problem } from "../../model/problem.ts";
import type { Finished } from "../process/process.ts";
import type { GitCommand } from "./git-command.ts";
import { recreateFolder, removeHalfPacks, removeStaleLocks } from "./mirror-folder.ts";
import { tracked } from "./mirror-reads.ts";
import { lockInTheWay, mirrorIsBroken, mirrorProblem, onlyUnkeepable, remoteProblem } from "./refusals.ts";
import type { Remote } from "./remote.ts";

/** A mirror that is to be brought up to date. */
export interface FetchTarget {
  readonly git: GitCommand;
  readonly remote: Remote;
  readonly folder: string;
  readonly timeoutMs: number;
  /** Called before the folder is removed because it turned out to be broken. */
  readonly beforeRecreating: () => void;
}

/** Brings all branches here; what a killed git left in the way is removed, and a broken mirror is made anew, once. */
export async function fetchBranches(target: FetchTarget, signal?: AbortSignal): Promise<Problem | undefined> {
  let done = await fetchOnce(target, signal);
  if (done.code !== 0 && onlyUnkeepable(done)) return undefined;
  if (done.code !== 0 && lockInTheWay(done)) {
    await removeStaleLocks(target.folder);
    done = await fetchOnce(target, signal);
  }
  // A remote that sends what git cannot read sounds the same; what was fetched before must outlive that.
  if (done.code !== 0 && mirrorIsBroken(done) && !(await isWhole(target))) return fetchAnew(target, signal);
  return problemOf(target, done);
}

/** Makes the mirror anew and fetches everything. */
export async function fetchAnew(target: FetchTarget, signal?: AbortSignal): Promise<Problem | undefined> {
  target.beforeRecreating();
  await recreateFolder(target.git, target.folder, target.remote);
  return problemOf(target, await fetchOnce(target, signal));
}

async function problemOf({ folder, remote }: FetchTarget, done: Finished): Promise<Problem | undefined> {
  if (done.code === 0) return undefined;
  await removeHalfPacks(folder);
  return mirrorProblem(done, folder, remote) ?? remoteProblem(done, remote);
}

/** Puts back what a fetch pruned that is not to be believed. */
export async function restoreBranches(git: GitCommand, branches: ReadonlyMap<string, string>): Promise<void> {
  const lines = [...branches].map(([branch, commit]) => `update ${tracked}${branch}\0${commit}\0\0`);
  await git.output(["update-ref", "-z", "--stdin"], { stdin: lines.join("") });
}

/**
 * A repository does not lose all its branches, but git takes any page without a line for an empty one: of a proxy, or of a
 * server that is being looked after.
 */
export function emptyAnswer({ shown }: Remote): Problem {
  return {
    code: "repository-unreachable",
    message: `The repository ${shown} could not be reached: something answers for it, without any branch, and it had some.`,
    remedy: "Check that this is still its address; where it was emptied on purpose, remove the mirror's folder.",
  };
}

/** True when everything that the mirror's references lead to is there. */
async function isWhole({ git, timeoutMs }: FetchTarget): Promise<boolean> {
  return (await git.run(["rev-list", "--objects", "--all", "--quiet"], { timeoutMs })).code === 0;
}

function fetchOnce(target: FetchTarget, signal?: AbortSignal): Promise<Finished> {
  const quiet = ["--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules", "--quiet"];
  return target.git.run(["fetch", "--prune", "--force", ...quiet, "origin", `+refs/heads/*:${tracked}*`], {
    timeoutMs: target.timeoutMs,
    ...(signal ? { signal } : {}),
  });
}
