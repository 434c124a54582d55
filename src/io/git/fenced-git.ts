import type { Git } from "./git.ts";

/** The same repository, which pushes nothing while `mayAct` says no: an engine that lost its lease must not act (behaviour O2). */
export function fencedGit(git: Git, mayAct: () => boolean): Git {
  return {
    ...git,
    push: (commit, branch, expected) =>
      mayAct() ? git.push(commit, branch, expected) : Promise.resolve({ kind: "unreachable", problem: notLeading }),
  };
}

const notLeading = {
  code: "not-leading",
  message: "this engine does not lead any more, so it pushes nothing",
};
