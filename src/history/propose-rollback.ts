import type { Git } from "../io/git/git.ts";
import type { Application } from "../model/application.ts";
import type { Problem } from "../model/problem.ts";
import { directoryTree, shortId } from "../model/revision.ts";
import { againstRestoring, isAt } from "./is-at.ts";
import { propose } from "./propose.ts";
import { rollbackMessage } from "./rollback.ts";
import type { RollbackRequest } from "./rollback.ts";

/** How the proposal of a rollback ended; `moved` when the branch no longer holds what failed: fetch and decide again. */
export type ProposedRollback =
  | { readonly kind: "proposed"; readonly branch: string }
  | { readonly kind: "moved" }
  | { readonly kind: "denied" | "unreachable"; readonly problem: Problem };

/** Where a rollback is proposed: `plumbline/rollback/production-probe`. */
export function rollbackBranch({ environment, name }: Application): string {
  return `plumbline/rollback/${environment}-${name}`;
}

/** Puts the commit that would restore an application's directory on a branch of its own, for people to review and merge. */
export async function proposeRollback(git: Git, request: RollbackRequest): Promise<ProposedRollback> {
  const { id, path } = request.application;
  const head = await git.branch(request.branch);
  if (head === undefined || !(await isAt(git, head, path, request.failing))) return { kind: "moved" };
  const problem = await againstRestoring(git, head, request.application, request.restores);
  if (problem) return { kind: "denied", problem };
  const onto = await git.commit(head);
  const restored = new Map([[path, { mode: "040000", id: directoryTree(request.restores) } as const]]);
  const tree = await git.writeTree(onto.tree, restored);
  const branch = rollbackBranch(request.application);
  const message = rollbackMessage(request);
  const result = await propose(git, { branch, onto, tree, application: id, path, message });
  if (result.kind === "proposed") return { kind: "proposed", branch };
  return result.kind === "theirs" ? { kind: "denied", problem: theirs(branch, result.commit) } : result;
}

function theirs(branch: string, commit: string): Problem {
  return {
    code: "proposal-theirs",
    message: `the branch ${branch} has the commit ${shortId(commit)} of somebody else, so it was left as it is`,
    remedy: `Delete the branch ${branch}.`,
  };
}
