import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
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

/** What git is told here: repositories that live for seconds need no packing, whose processes cost more than what is tested. */
const untidied = [
  ["gc.auto", "0"],
  ["maintenance.auto", "false"],
] as const;

/** Runs git as a person would, with nothing of this machine's configuration. */
export function runGit(folder: string, ...args: readonly string[]): string {
  const who = { GIT_AUTHOR_NAME: "A", GIT_AUTHOR_EMAIL: "a@b", GIT_COMMITTER_NAME: "A", GIT_COMMITTER_EMAIL: "a@b" };
  const told = untidied.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  const env = {
    PATH: process.env["PATH"],
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_COUNT: String(untidied.length),
    ...Object.fromEntries(told),
    ...who,
  };
  return execFileSync("git", args, { cwd: folder, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
}

/** Makes an empty bare repository that others push to. */
export function makeBareRepository(folder: string): void {
  mkdirSync(folder, { recursive: true });
  runGit(folder, "init", "--quiet", "--bare", "--initial-branch=main");
  // In its own configuration, since whoever pushes has none for the other side.
  appendFileSync(join(folder, "config"), "[receive]\n\tautogc = false\n");
}

/** Makes a remote repository (bare unless said otherwise) for a test. */
export function temporaryRepository(t: TestContext, bare = true): TemporaryRepository {
  const root = mkdtempSync(join(tmpdir(), "plumb-git-"));
  const remote = join(root, "remote.git");
  if (bare) makeBareRepository(remote);
  else runGit(root, "init", "--quiet", "--initial-branch=main", remote);
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
