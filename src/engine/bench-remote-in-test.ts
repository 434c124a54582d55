import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeBareRepository, runGit } from "../io/git/temporary-repository-in-test.ts";

/** For tests: a bare repository on this machine, and what people do with it. */
export interface BenchRemote {
  /** Its path. */
  readonly remote: string;
  /** Commits these files (null removes), signed with this SSH key where one is given, and pushes; answers the commit. */
  readonly commit: (files: Readonly<Record<string, string | null>>, message?: string, signingKey?: string) => string;
  /** git in the remote. */
  readonly git: (...args: readonly string[]) => string;
  /** Lets the remote run this shell script before each branch is updated, with its name, old and new commit. */
  readonly updateHook: (script: string) => void;
}

/** Makes the remote, and the clone of whoever commits, in a folder. */
export function makeRemote(folder: string): BenchRemote {
  const remote = join(folder, "remote.git");
  const copy = join(folder, "copy");
  makeBareRepository(remote);
  runGit(folder, "init", "--quiet", "--initial-branch=main", copy);
  runGit(copy, "remote", "add", "origin", remote);
  return {
    remote,
    commit(files, message = "Change files", signingKey) {
      try {
        runGit(copy, "fetch", "--quiet", "origin", "main");
        runGit(copy, "reset", "--quiet", "--hard", "FETCH_HEAD");
      } catch {
        // The first commit finds no branch yet.
      }
      for (const [path, text] of Object.entries(files)) {
        const file = join(copy, path);
        rmSync(file, { recursive: true, force: true });
        if (text === null) continue;
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, text);
      }
      runGit(copy, "add", "--all");
      const sign =
        signingKey === undefined
          ? []
          : ["-c", "gpg.format=ssh", "-c", `user.signingKey=${signingKey}`, "-c", "commit.gpgSign=true"];
      runGit(copy, ...sign, "commit", "--quiet", "--message", message);
      runGit(copy, "push", "--quiet", "origin", "HEAD:main");
      return runGit(copy, "rev-parse", "HEAD");
    },
    git: (...args) => runGit(remote, ...args),
    updateHook(script) {
      writeFileSync(join(remote, "hooks", "update"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    },
  };
}
