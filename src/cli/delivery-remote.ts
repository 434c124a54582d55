import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { upRemote } from "./up-file.ts";
import { WorkingCopy } from "./working-copy.ts";
import type { World } from "./world.ts";

/**
 * The URL or path of the repository whose delivery log is to be read: the one named, else the clone here, else that of the
 * `plumb up` of this folder. A clone stands for the remote it came from, since that is where the engine writes its log.
 */
export async function deliveryRemote(world: World, repository: string | undefined): Promise<string> {
  const named = repository ?? (existsSync(join(world.cwd, ".git")) ? world.cwd : upRemote(world.cwd));
  const folder = resolve(world.cwd, named);
  if (!existsSync(join(folder, ".git"))) return named;
  return new WorkingCopy(folder, world.env).git("remote", "get-url", "origin").catch(() => folder);
}
