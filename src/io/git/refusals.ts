import { existsSync } from "node:fs";
import type { Problem } from "../../model/problem.ts";
import type { Finished } from "../process/process.ts";
import { gitFailure, lastWords } from "./git-command.ts";
import { redact } from "./remote.ts";
import type { Remote } from "./remote.ts";

/** Why a fetch or push got no answer, as a problem that names the remote and what to do. */
export function remoteProblem(done: Finished, remote: Remote): Problem {
  if (done.missing) return gitFailure("fetch", done, remote).problem;
  const { shown } = remote;
  const said = redact(done.stderr, remote);
  const why = lastWords(said);
  if (/Host key verification failed|HOST IDENTIFICATION HAS CHANGED/i.test(said)) {
    return {
      code: "repository-host-unknown",
      message: `The server of ${shown} does not show a host key that is known for it, so nothing was sent to it.`,
      remedy: "Compare its key by another way, and put it into known_hosts; ssh-keyscan prints what it shows now.",
    };
  }
  if (/error: 30[1278]\b/.test(said)) {
    return {
      code: "repository-moved",
      message: `The server sends on from ${shown} to another address, to which credentials are not taken along.`,
      remedy: "Name the address where the repository is now.",
    };
  }
  if (
    /Authentication failed|Permission denied|could not read (Username|Password)|error: 40[13]|dubious ownership|denied to/i.test(
      said,
    )
  ) {
    return {
      code: "repository-access-denied",
      message: `Access to the repository ${shown} was denied: ${why}.`,
      remedy: "Check the credentials and that they may read and write this repository.",
    };
  }
  const gone = remote.folder !== undefined && !existsSync(remote.folder);
  if (
    gone ||
    /repository '.*' not found|Repository not found|does not exist|No such file or directory|error: 404/i.test(said)
  ) {
    return {
      code: "repository-not-found",
      message: `There is no repository at ${shown}: ${why}.`,
      remedy: "Check the URL or path; create the repository first, for example with git init --bare.",
    };
  }
  if (/does not appear to be a git repository|not valid: is this a git repository|not a git repository/i.test(said)) {
    return {
      code: "repository-not-git",
      message: `${shown} is there, but it is not a git repository.`,
      remedy: "Give the folder that holds HEAD and refs (or .git), or create one with git init --bare.",
    };
  }
  return {
    code: "repository-unreachable",
    message: `The repository ${shown} could not be reached: ${done.timedOut ? "no answer in time" : why}.`,
    remedy: "Check the network and the server; it is tried again by itself.",
  };
}

/** The mirror cannot be written where it is, of which the remote knows nothing; undefined when git says no such thing. */
export function mirrorProblem(done: Finished, folder: string, { shown }: Remote): Problem | undefined {
  const why =
    /No space left on device|Disk quota exceeded|Read-only file system|insufficient permission for adding/i.exec(
      ownWords(done),
    );
  if (!why) return undefined;
  return {
    code: "mirror-not-writable",
    message: `The mirror of ${shown} in ${folder} cannot be written: ${why[0]}.`,
    remedy: "Make room or give the rights there, or name another folder with --mirror; it is tried again by itself.",
  };
}

/** What git says itself, without what the remote said. */
function ownWords({ stderr }: Finished): string {
  return stderr
    .split("\n")
    .filter((line) => !line.startsWith("remote:"))
    .join("\n");
}

/** True when git's messages say that the mirror itself, not the remote, is broken. */
export function mirrorIsBroken(done: Finished): boolean {
  return /corrupt|bad object|is empty|missing (blob|tree|commit|object)|unable to (read|find|parse)|bad ref|broken(?! pipe)|invalid sha1 pointer|did not send all necessary objects|inflate|not a git repository: |bad config|unresolved deltas/i.test(
    ownWords(done),
  );
}

/** True when a lock that a killed git left behind stood in the way, or what one that outlived its engine wrote meanwhile. */
export function lockInTheWay(done: Finished): boolean {
  return /\.lock'?: File exists|Unable to create '.*\.lock'|another git process|is at [0-9a-f]+ but expected/i.test(
    done.stderr,
  );
}

/**
 * True when nothing but names of branches failed that no file here can have; git has then fetched all others. Whoever may push
 * any branch could else keep every other one from being seen.
 */
export function onlyUnkeepable(done: Finished): boolean {
  const failures = done.stderr.split("\n").filter((line) => /^(error|fatal):/.test(line));
  return failures.length > 0 && failures.every((line) => /^error: cannot lock ref .*: File name too long$/.test(line));
}

/** What `git push --porcelain` says of the one branch: the flag and the reason in brackets. */
export function pushVerdict(stdout: string): { readonly flag: string; readonly reason: string } | undefined {
  for (const line of stdout.split("\n")) {
    const match = /^([ +\-*!=])\t[^\t]*\t(.*)$/.exec(line);
    if (match) return { flag: match[1] ?? "", reason: match[2] ?? "" };
  }
  return undefined;
}
