import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Git } from "./git.ts";
import { openMirror } from "./mirror.ts";

/** A real, empty repository of one test, removed after it. */
export interface TemporaryRepository {
  /** The test's own folder. */
  readonly root: string;
  /** The remote repository inside it. */
  readonly remote: string;
  /** Opens a mirror of the remote; each is a writer of its own. */
  readonly open: (name?: string) => Promise<Git>;
}

/** Runs git as a person would, with nothing of this machine's configuration. */
export function runGit(folder: string, ...args: readonly string[]): string {
  const who = { GIT_AUTHOR_NAME: "A", GIT_AUTHOR_EMAIL: "a@b", GIT_COMMITTER_NAME: "A", GIT_COMMITTER_EMAIL: "a@b" };
  const env = { PATH: process.env["PATH"], GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null", ...who };
  return execFileSync("git", args, { cwd: folder, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
}

/** Makes a remote repository (bare unless said otherwise) for a test. */
export function temporaryRepository(t: TestContext, bare = true): TemporaryRepository {
  const root = mkdtempSync(join(tmpdir(), "plumb-git-"));
  const remote = join(root, "remote.git");
  mkdirSync(remote);
  runGit(remote, "init", "--quiet", ...(bare ? ["--bare"] : []), "--initial-branch=main");
  const opened: Git[] = [];
  let count = 0;
  t.after(() => {
    for (const git of opened) git.close();
    rmSync(root, { recursive: true, force: true, maxRetries: 3 });
  });
  return {
    root,
    remote,
    open: async (name = `mirror-${(count += 1)}`) => {
      const git = await openMirror({ url: remote, folder: join(root, name) });
      opened.push(git);
      return git;
    },
  };
}
