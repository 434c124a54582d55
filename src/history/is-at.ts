import type { Git } from "../io/git/git.ts";
import type { Application } from "../model/application.ts";
import type { Problem } from "../model/problem.ts";
import type { HealthyRevision } from "../model/record.ts";
import type { Content } from "../model/revision.ts";
import { directoryTree, shortId } from "../model/revision.ts";

/** True when a commit has an application's content as it was: its directory, and every base that it is made of. */
export async function isAt(git: Git, commit: string, path: string, content: Content): Promise<boolean> {
  if ((await git.treeAt(commit, path)) !== directoryTree(content)) return false;
  return (await changedBases(git, commit, content)).length === 0;
}

/**
 * Why restoring an application's directory would not bring back what was healthy: a base outside of it is not what it was,
 * and a rollback touches nothing but the directory, since others may use that base (behaviour B1).
 */
export async function againstRestoring(
  git: Git,
  commit: string,
  { id, path }: Application,
  restores: HealthyRevision,
): Promise<Problem | undefined> {
  const changed = await changedBases(git, commit, restores);
  if (changed.length === 0) return undefined;
  const bases = changed.join(" and ");
  return {
    code: "base-changed",
    message: `${bases}, outside of ${path}, is not what it was when ${id} was last healthy at ${shortId(restores.commit)}; others may use it, so a rollback may not touch it.`,
    where: { file: path },
    remedy: `Undo the change of ${bases} with a commit.`,
  };
}

async function changedBases(git: Git, commit: string, { composed }: Content): Promise<readonly string[]> {
  const bases = composed?.bases ?? [];
  const trees = await Promise.all(bases.map(({ path }) => git.treeAt(commit, path)));
  return bases.filter(({ tree }, index) => tree !== trees[index]).map(({ path }) => path);
}
