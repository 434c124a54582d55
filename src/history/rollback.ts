import type { Application } from "../model/application.ts";
import { ProblemError } from "../model/problem.ts";
import type { Problem } from "../model/problem.ts";
import type { HealthyRevision, Rollback } from "../model/record.ts";
import { directoryTree, shortId } from "../model/revision.ts";
import type { Revision } from "../model/revision.ts";
import type { CommitInfo, Git } from "../io/git/git.ts";
import { rejectsTrailer } from "../pins/rejected.ts";
import { commitMessage } from "./commit-message.ts";
import { againstRestoring, isAt } from "./is-at.ts";
import { plumbline } from "./signature.ts";

/** What is to be rolled back: which revision failed, why, and the state that was last healthy. */
export interface RollbackRequest {
  readonly application: Application;
  /** The tracked branch. */
  readonly branch: string;
  readonly failing: Revision;
  readonly restores: HealthyRevision;
  /** CamelCase, from the failing record. */
  readonly reason: string;
  /** One plain sentence, from the failing record. */
  readonly message: string;
  /** Images of the failing record that the healthy state does not run: they are rejected here (behaviour B5). */
  readonly rejects: readonly string[];
}

/**
 * How a rollback ended. `pushed`: the commit is on the branch, by this call or an earlier one that was cut off. `fixed`:
 * the branch no longer holds what failed, so nothing was written. `moved`: somebody pushed meanwhile, fetch and decide
 * again. `denied` and `unreachable` say why Git could not be written.
 */
export type RollbackResult =
  | { readonly kind: "pushed"; readonly rollback: Rollback }
  | { readonly kind: "fixed"; readonly head: string }
  | { readonly kind: "moved" }
  | { readonly kind: "denied" | "unreachable"; readonly problem: Problem };

/** Writes the one commit that restores an application's directory, and pushes it without force (behaviours B1 to B3). */
export async function rollback(git: Git, request: RollbackRequest): Promise<RollbackResult> {
  const { application, branch, failing, restores } = request;
  const head = await git.branch(branch);
  if (head === undefined) return { kind: "denied", problem: branchGone(git, branch) };
  const isFailing = await isAt(git, head, application.path, failing);
  const problem = isFailing ? await againstRestoring(git, head, application, restores) : undefined;
  if (problem) return { kind: "denied", problem };
  if (!isFailing || directoryTree(restores) === directoryTree(failing)) {
    const written = await alreadyWritten(git, request, head);
    return written === undefined ? { kind: "fixed", head } : { kind: "pushed", rollback: written };
  }
  const parent = await git.commit(head);
  let commit: string;
  try {
    commit = await writeRollback(git, request, parent);
  } catch (error) {
    // Only a lost history is final; a git that was ended or could not write says nothing about it.
    if (!(error instanceof ProblemError) || error.problem.code !== "object-missing") throw error;
    if (await isInHistory(git, request)) throw error;
    return { kind: "denied", problem: healthyGone(request, error.problem) };
  }
  const pushed = await git.push(commit, branch, head);
  if (pushed.kind !== "pushed") return pushed;
  return { kind: "pushed", rollback: { commit, undoes: failing.commit, restores } };
}

/** The commit object alone: its id is a function of parent, restored tree and failing record, and of nothing else. */
export async function writeRollback(git: Git, request: RollbackRequest, parent: CommitInfo): Promise<string> {
  const { application, restores } = request;
  return writeRestoring(git, {
    path: application.path,
    tree: directoryTree(restores),
    parent,
    message: rollbackMessage(request),
  });
}

/** What a rollback commit is made of. */
export interface Restoring {
  readonly path: string;
  readonly tree: string;
  readonly parent: CommitInfo;
  readonly message: string;
}

/** The commit that puts one tree to a path over its parent, and does nothing else. */
export async function writeRestoring(git: Git, { path, tree: restored, parent, message }: Restoring): Promise<string> {
  const tree = await git.writeTree(parent.tree, new Map([[path, { mode: "040000", id: restored }]]));
  const at = Date.parse(parent.committedAt) / 1000 + 1;
  return git.writeCommit({ tree, parents: [parent.id], message, signature: plumbline(at) });
}

/** What the rollback commit says: what failed, why, what is restored, and the same for machines. */
export function rollbackMessage(request: RollbackRequest): string {
  const { application, failing, restores, reason, message, rejects } = request;
  const [failed, healthy] = [shortId(failing.commit), shortId(restores.commit)];
  return commitMessage(
    `Roll back ${application.id} to ${healthy}: ${message.replace(/\.$/, "")}`,
    [
      `${application.id} did not become healthy at ${failed} (${failing.subject}): ${message}`,
      `This commit puts the directory ${application.path} back to what it was at ${healthy}, which was last proved healthy at ${restores.healthyAt}. It changes nothing else. To try again, push a corrected version.`,
    ],
    [
      ["Plumbline-Application", application.id],
      ["Plumbline-Undoes", failing.commit],
      ["Plumbline-Restores", restores.commit],
      ["Plumbline-Reason", reason],
      ...rejects.map((image) => [rejectsTrailer, image] as const),
    ],
  );
}

/** The rollback of this very failure, where an engine pushed it and was cut off before it could say so. */
async function alreadyWritten(
  git: Git,
  { application, failing, restores }: RollbackRequest,
  head: string,
): Promise<Rollback | undefined> {
  if (!(await isAt(git, head, application.path, restores))) return undefined;
  const [last] = await git.log(head, application.path, 1);
  const trailers = last?.trailers ?? {};
  const same = trailers["Plumbline-Application"] === application.id && trailers["Plumbline-Undoes"] === failing.commit;
  return last && same ? { commit: last.id, undoes: failing.commit, restores } : undefined;
}

/** Whether Git still has what is restored; rejects where it has, and only the mirror has lost it, which a fetch mends. */
async function isInHistory(git: Git, { application, restores }: RollbackRequest): Promise<boolean> {
  const tree = directoryTree(restores);
  if ((await git.find(tree, "")) !== undefined) return true;
  return (await git.treeAt(restores.commit, application.path)) === tree;
}

function branchGone(git: Git, branch: string): Problem {
  return {
    code: "branch-not-found",
    message: `The repository ${git.url} has no branch ${branch}.`,
    remedy: "Create the branch, or name the right one.",
  };
}

function healthyGone({ application, restores }: RollbackRequest, cause: Problem): Problem {
  return {
    code: "healthy-tree-missing",
    message: `The healthy state of ${application.id} (${shortId(restores.commit)}) cannot be restored: ${cause.message}`,
    where: { file: application.path },
    remedy: "Push a corrected version by hand; the branch's history no longer holds the healthy one.",
  };
}
