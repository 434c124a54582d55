import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Git } from "../io/git/git.ts";
import { openMirror } from "../io/git/mirror.ts";
import type { World } from "./world.ts";

/** Opens a mirror of a repository for as long as `use` takes; nothing of it is left. */
export async function withMirror<T>(world: World, url: string, use: (git: Git) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "plumb-mirror-"));
  try {
    const git = await openMirror({ url, folder: join(folder, "mirror.git"), environment: world.env });
    try {
      return await use(git);
    } finally {
      git.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
