import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Git } from "../io/git/git.ts";
import { openMirror } from "../io/git/mirror.ts";
import type { World } from "./world.ts";

/** Opens a mirror of a repository, in a folder of its own, for as long as `use` takes; nothing of it is left. */
export async function withMirror<T>(
  world: World,
  url: string,
  use: (git: Git, folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "plumb-mirror-"));
  try {
    const mirror = join(folder, "mirror.git");
    const git = await openMirror({ url, folder: mirror, environment: world.env });
    try {
      return await use(git, mirror);
    } finally {
      git.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
