import type { Application } from "../model/application.ts";
import type { Revision } from "../model/revision.ts";
import type { Git } from "../io/git/git.ts";

/**
 * The revision of an application at a commit of the tracked branch: named by the commit that last changed its directory,
 * so that commits beside it do not make a new one. Undefined when the commit has no such directory.
 */
export async function readRevision(git: Git, head: string, application: Application): Promise<Revision | undefined> {
  const tree = await git.treeAt(head, application.path);
  if (tree === undefined) return undefined;
  const [last] = await git.log(head, application.path, 1);
  const commit = last ?? (await git.commit(head));
  const { trailers } = commit;
  const undoes = trailers["Plumbline-Application"] === application.id ? trailers["Plumbline-Undoes"] : undefined;
  return {
    commit: commit.id,
    tree,
    subject: commit.subject,
    author: commit.author,
    committedAt: commit.committedAt,
    ...(undoes === undefined ? {} : { undoes }),
  };
}
