import type { CommitInfo, Git } from "../io/git/git.ts";
import type { Problem } from "../model/problem.ts";
import { plumbline } from "./signature.ts";

/** A change of one application's directory for people to review and merge. */
export interface Proposal {
  readonly branch: string;
  /** The commit of the tracked branch that it is made for. */
  readonly onto: CommitInfo;
  /** The whole tree as it is to be. */
  readonly tree: string;
  /** The application's id and directory. */
  readonly application: string;
  readonly path: string;
  /** Names the application in the trailer `Plumbline-Application`. */
  readonly message: string;
}

/** How a proposal ended. `theirs`: somebody added a commit to the branch, so it is left to them. */
export type ProposeResult =
  | { readonly kind: "proposed"; readonly commit: string }
  | { readonly kind: "theirs"; readonly commit: string }
  | { readonly kind: "moved" }
  | { readonly kind: "denied" | "unreachable"; readonly problem: Problem };

/**
 * Puts a change on a branch of its own and keeps it up to date, never by force. The first commit stands on the tracked branch. A
 * later one that the branch does not lead to by itself has both as parents, the branch and the tracked branch, and the tree is
 * what the tracked branch would be with this change: so each push is a fast-forward, and the difference to review is this
 * change alone. A branch whose directory says it all already is left as it is. The id of the commit is a function of all this.
 */
export async function propose(git: Git, proposal: Proposal): Promise<ProposeResult> {
  const { branch, onto, tree, application, path, message } = proposal;
  const tip = await git.branch(branch);
  const isOpen = tip !== undefined && !(await git.isAncestor(tip, onto.id));
  const before = isOpen ? await git.commit(tip) : undefined;
  const commit = await git.writeCommit({
    tree,
    parents: before ? [before.id, onto.id] : [onto.id],
    message,
    signature: plumbline(Math.max(secondsOf(onto), before ? secondsOf(before) : 0) + 1),
  });
  if (before) {
    const isSame = (await git.treeAt(before.id, path)) === (await git.treeAt(commit, path));
    if (isSame) return { kind: "proposed", commit: before.id };
    if (before.trailers["Plumbline-Application"] !== application) return { kind: "theirs", commit: before.id };
  }
  const pushed = await git.push(commit, branch, tip);
  return pushed.kind === "pushed" ? { kind: "proposed", commit } : pushed;
}

function secondsOf({ committedAt }: CommitInfo): number {
  return Date.parse(committedAt) / 1000;
}
