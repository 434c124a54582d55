import { readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ProblemError } from "../../model/problem.ts";
import { makeFolder } from "../files/make-folder.ts";
import type { GitCommand } from "./git-command.ts";
import { localBranches } from "./local-refs.ts";
import type { Remote } from "./remote.ts";

const marker = "plumbline-remote";

/** Makes sure that the folder is a sound bare mirror of `remote`: another's, or a broken one, is made anew. */
export async function prepareFolder(git: GitCommand, folder: string, remote: Remote): Promise<void> {
  const owner = await readFile(join(folder, marker), "utf8").catch(() => undefined);
  if (owner === remote.shown) {
    const check = await git.run(["for-each-ref", "--count=1"]);
    if (check.code === 0) {
      await removeHalfPacks(folder);
      // Packed now and then, while nobody reads, so that years of small fetches do not slow it down.
      await git.run(["-c", "gc.auto=6700", "-c", "gc.autoDetach=false", "gc", "--auto", "--quiet"]);
      return;
    }
  }
  await recreateFolder(git, folder, remote);
}

/** Removes the mirror and makes an empty one; nothing is lost that the remote does not have. */
export async function recreateFolder(git: GitCommand, folder: string, remote: Remote): Promise<void> {
  await refuseForeignFolder(folder);
  await makeFolder(folder);
  // First of all and till the last: killed at any moment in between, the folder is still known for ours.
  await writeFile(join(folder, marker), "unfinished");
  for (const name of await readdir(folder)) {
    if (name !== marker) await rm(join(folder, name), { recursive: true, force: true });
  }
  await git.output(["init", "--bare", "--quiet", "--template=", "--initial-branch=main", folder]);
  await writeFile(join(folder, marker), remote.shown);
}

/** What a mirror that was removed while a git was at work may be left with; some of these names others use as well. */
const ofGit = /^(objects|refs|HEAD|packed-refs|shallow|logs|info|hooks|config|description|gc\.\w+|[\w-]+\.lock)$/;
const onlyOfGit = /^(objects|refs|HEAD|packed-refs|[\w-]+\.lock)$/;

/** A folder that holds anything but a mirror is somebody's, a repository with branches of its own too: it is never removed. */
async function refuseForeignFolder(folder: string): Promise<void> {
  const names: readonly string[] = await readdir(folder).catch(() => []);
  if (names.length === 0 || names.includes(marker)) return;
  const isLeft = names.every((name) => ofGit.test(name)) && names.some((name) => onlyOfGit.test(name));
  if (isLeft && (await localBranches(folder)).size === 0) return;
  throw new ProblemError({
    code: "mirror-folder-taken",
    message: `The folder ${folder} holds other files, so no mirror is made there.`,
    remedy: "Give an empty folder, or one that does not exist yet.",
  });
}

/** Removes the locks that a git which was killed left behind. */
export async function removeStaleLocks(folder: string): Promise<void> {
  const visit = async (path: string): Promise<void> => {
    for (const entry of await readdir(path, { withFileTypes: true }).catch(() => [])) {
      const below = join(path, entry.name);
      if (entry.isDirectory() && !/^[0-9a-f]{2}$/.test(entry.name)) await visit(below);
      else if (entry.isFile() && entry.name.endsWith(".lock")) await rm(below, { force: true });
    }
  };
  await visit(folder);
}

/** Removes what a fetch that was killed had of its pack: git keeps it for two weeks, and the next fetch begins anew. */
export async function removeHalfPacks(folder: string): Promise<void> {
  const packs = join(folder, "objects", "pack");
  for (const name of await readdir(packs).catch((): string[] => [])) {
    if (name.startsWith("tmp_")) await rm(join(packs, name), { force: true });
  }
}
