import type { Application } from "../model/application.ts";
import type { Revision } from "../model/revision.ts";
import type { CommitInfo, Git } from "../io/git/git.ts";
import { contentOf } from "./bases.ts";

/**
 * The revision of an application at a commit of the tracked branch: named by the commit that last changed its directory or
 * one of its bases, so that commits beside it do not make a new one. Undefined when the commit has no such directory.
 */
export async function readRevision(git: Git, head: string, application: Application): Promise<Revision | undefined> {
  const tree = await git.treeAt(head, application.path);
  if (tree === undefined) return undefined;
  const content = await contentOf(git, head, application.path, tree);
  const paths = [application.path, ...(content.composed?.bases ?? []).map(({ path }) => path)];
  const commit = (await lastChange(git, head, paths)) ?? (await git.commit(head));
  const undoes = undoneBy(commit, application) ?? (await undoneByMerged(git, commit, application, tree));
  return {
    commit: commit.id,
    ...content,
    subject: commit.subject,
    author: commit.author,
    committedAt: commit.committedAt,
    ...(undoes === undefined ? {} : { undoes }),
  };
}

/** The newest of the commits that changed one of the paths. */
async function lastChange(git: Git, head: string, paths: readonly string[]): Promise<CommitInfo | undefined> {
  let newest: CommitInfo | undefined;
  for (const path of paths) {
    const [last] = await git.log(head, path, 1);
    if (newest === undefined || (last && (await git.isAncestor(newest.id, last.id)))) newest = last;
  }
  return newest;
}

/** The commit that this one says that it undoes; undefined when it is no rollback of the application. */
function undoneBy({ trailers }: CommitInfo, { id }: Application): string | undefined {
  return trailers["Plumbline-Application"] === id ? trailers["Plumbline-Undoes"] : undefined;
}

/** A merge of a proposed rollback is that rollback, as long as it takes the directory as the proposal has it. */
async function undoneByMerged(
  git: Git,
  { parents }: CommitInfo,
  application: Application,
  tree: string,
): Promise<string | undefined> {
  for (const parent of parents.slice(1)) {
    if ((await git.treeAt(parent, application.path)) !== tree) continue;
    const [last] = await git.log(parent, application.path, 1);
    const undoes = last && undoneBy(last, application);
    if (undoes !== undefined) return undoes;
  }
  return undefined;
}
