import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { hasUpRemote, upRemote } from "./up-file.ts";
import { WorkingCopy } from "./working-copy.ts";
import type { World } from "./world.ts";

/**
 * The URL or path of the repository whose delivery log is to be read: the one named, else that of `repositoryHere`. A clone
 * stands for the remote it came from, since that is where the engine writes its log.
 */
export async function deliveryRemote(world: World, repository: string | undefined): Promise<string> {
  const named = repository ?? repositoryHere(world.cwd);
  const folder = resolve(world.cwd, named);
  if (!existsSync(join(folder, ".git"))) return named;
  return new WorkingCopy(folder, world.env).git("remote", "get-url", "origin").catch(() => folder);
}

/**
 * The repository that is meant in a folder where none is named: that of the `plumb up` of this folder, else the clone here. In
 * this order, since `plumb up` may have been started in a clone of something else, as of Plumbline itself.
 */
export function repositoryHere(cwd: string): string {
  return !hasUpRemote(cwd) && existsSync(join(cwd, ".git")) ? cwd : upRemote(cwd);
}
