import type { Problem } from "../../model/problem.ts";
import type { Finished } from "../process/process.ts";
import { gitFailure, isNo, lastWords } from "./git-command.ts";
import type { GitCommand } from "./git-command.ts";
import type { PushResult } from "./git.ts";
import { tracked } from "./mirror-reads.ts";
import { mirrorIsBroken, pushVerdict, remoteProblem } from "./refusals.ts";
import { checkBranch, checkId, redact } from "./remote.ts";
import type { Remote } from "./remote.ts";

/** The remote to push to, and how long it may take. */
export interface PushTarget {
  readonly git: GitCommand;
  readonly remote: Remote;
  readonly timeoutMs: number;
  /** What reading alone tells of ancestors, see `isNearAncestor`. */
  readonly isNearAncestor: (ancestor: string, commit: string) => Promise<boolean>;
}

const quiet = ["--porcelain", "--no-verify"];
/** With this, git moves the mirror's own reference along with the remote's. */
const keepTracking = ["-c", `remote.origin.fetch=+refs/heads/*:${tracked}*`];

/**
 * Pushes one commit to one branch, from exactly `expected`. The lease makes the server compare; that the commit descends
 * from `expected` is made sure of here, so what a lease would allow beyond a fast-forward cannot happen.
 */
export async function pushTo(
  target: PushTarget,
  commit: string,
  branch: string,
  expected: string | undefined,
): Promise<PushResult> {
  checkId(commit);
  checkBranch(branch);
  if (expected !== undefined) {
    checkId(expected);
    // Mostly it is near, which takes no process to be told.
    if (!(await target.isNearAncestor(expected, commit))) {
      const descends = await target.git.run(["merge-base", "--is-ancestor", expected, commit]);
      if (isNo(descends)) return { kind: "moved" };
      if (descends.code !== 0)
        return { kind: "unreachable", problem: gitFailure("merge-base", descends, target.remote).problem };
    }
  }
  const ref = `refs/heads/${branch}`;
  const done = await target.git.run(
    [...keepTracking, "push", ...quiet, `--force-with-lease=${ref}:${expected ?? ""}`, "origin", `${commit}:${ref}`],
    { timeoutMs: target.timeoutMs },
  );
  if (done.code === 0) return { kind: "pushed" };
  return understand(target, done, { commit, branch, expected });
}

/** Reasons of a server that could not, as with a full disk, which a later push need not meet; all others are of one that would not. */
const passes = /^\[(rejected|remote failure)\]|lock|failed to update ref|unpacker error|unable to migrate objects/i;

interface Wanted {
  readonly commit: string;
  readonly branch: string;
  readonly expected: string | undefined;
}

async function understand(target: PushTarget, done: Finished, wanted: Wanted): Promise<PushResult> {
  const verdict = pushVerdict(done.stdout.toString("utf8"));
  const reason = verdict?.reason ?? "";
  const broken = mirrorIsBroken(done) ? gitFailure("push", done, target.remote).problem : undefined;
  if (verdict === undefined) {
    const problem = broken ?? remoteProblem(done, target.remote);
    return { kind: problem.code === "repository-access-denied" ? "denied" : "unreachable", problem };
  }
  // Refused: because of a race, because the server does not want the commit, or because an answer was lost or garbled, after
  // which git may take the branch for gone. What the server has now tells.
  const now = await remoteHead(target, wanted.branch);
  if (now === undefined) return { kind: "unreachable", problem: remoteProblem(done, target.remote) };
  if (now.head === wanted.commit) return { kind: "pushed" };
  if (now.head !== wanted.expected) return { kind: "moved" };
  // The server only saw that nothing whole arrived, which is no refusal.
  if (broken) return { kind: "unreachable", problem: broken };
  return passes.test(reason)
    ? { kind: "unreachable", problem: busy(target.remote, done, reason) }
    : { kind: "denied", problem: declined(target.remote, wanted.branch, done, reason) };
}

async function remoteHead(
  target: PushTarget,
  branch: string,
): Promise<{ readonly head: string | undefined } | undefined> {
  const ref = `refs/heads/${branch}`;
  const done = await target.git.run(["ls-remote", "--heads", "origin", ref], { timeoutMs: target.timeoutMs });
  if (done.code !== 0) return undefined;
  const line = done.stdout
    .toString("utf8")
    .split("\n")
    .find((text) => text.endsWith(`\t${ref}`));
  return { head: line?.split("\t")[0] };
}

function busy(remote: Remote, done: Finished, reason: string): Problem {
  return {
    code: "repository-busy",
    message: `The repository ${remote.shown} could not update the branch: ${whyOf(remote, done, redact(reason, remote))}.`,
    remedy:
      "It is tried again by itself; if it stays so, look at the server's disk, and for a left-over .lock file in the repository.",
  };
}

function declined(remote: Remote, branch: string, done: Finished, reason: string): Problem {
  const bracketed = /\(([^)]*)\)\s*$/.exec(reason)?.[1] ?? lastWords(reason);
  const why = whyOf(remote, done, bracketed);
  return {
    code: "push-denied",
    message: `The repository ${remote.shown} refused a commit to the branch ${branch}: ${why}.`,
    remedy: /checked out/.test(reason)
      ? "Use a bare repository (git init --bare) as the remote."
      : "Allow Plumbline's account to push to this branch, or turn off the rule that refuses it.",
  };
}

/** The reason, and the first thing that the remote said of it. */
function whyOf(remote: Remote, { stderr }: Finished, reason: string): string {
  const said = redact(stderr, remote)
    .split("\n")
    .filter((line) => line.startsWith("remote: "))
    .map((line) => line.slice(8).trim())
    .find((line) => line !== "");
  return said === undefined ? reason : `${reason}: ${said}`;
}
