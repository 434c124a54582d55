import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Files by path, from the root of the repository; null removes. */
export type Files = Readonly<Record<string, string | null>>;

/** A bare deployment repository, and the working copy of the person who commits to it. */
export class Repository {
  /** The bare repository: engines are given it, or a URL that serves it. */
  readonly folder: string;
  readonly #copy: string;

  constructor(folder: string) {
    this.folder = join(folder, "deployment.git");
    this.#copy = join(folder, "copy");
    mkdirSync(folder, { recursive: true });
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main", this.folder);
    git(folder, "init", "--quiet", "--initial-branch=main", this.#copy);
    git(this.#copy, "remote", "add", "origin", this.folder);
  }

  /** Commits on top of what the branch has now, and pushes. Answers the commit. */
  commit(message: string, files: Files): string {
    if (this.head() !== undefined) {
      git(this.#copy, "fetch", "--quiet", "origin", "main");
      git(this.#copy, "reset", "--quiet", "--hard", "FETCH_HEAD");
    }
    for (const [path, text] of Object.entries(files)) {
      const file = join(this.#copy, path);
      rmSync(file, { recursive: true, force: true });
      if (text === null) continue;
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
    git(this.#copy, "add", "--all");
    git(this.#copy, "commit", "--quiet", "--allow-empty", "--message", message);
    git(this.#copy, "push", "--quiet", "origin", "HEAD:main");
    return git(this.#copy, "rev-parse", "HEAD");
  }

  head(): string | undefined {
    return this.read("rev-parse", "--verify", "--quiet", "refs/heads/main");
  }

  /** What git answers in the bare repository; undefined where it fails. */
  read(...args: readonly string[]): string | undefined {
    try {
      return git(this.folder, ...args);
    } catch {
      return undefined;
    }
  }

  /** The commits after `commit`, oldest first. */
  since(commit: string): readonly string[] {
    return (this.read("rev-list", "--reverse", `${commit}..main`) ?? "").split("\n").filter((id) => id !== "");
  }
}

function git(folder: string, ...args: readonly string[]): string {
  const env = {
    PATH: process.env["PATH"],
    HOME: folder,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_AUTHOR_NAME: "Somebody",
    GIT_AUTHOR_EMAIL: "somebody@example.test",
    GIT_COMMITTER_NAME: "Somebody",
    GIT_COMMITTER_EMAIL: "somebody@example.test",
  };
  return execFileSync("git", ["-C", folder, ...args], {
    encoding: "utf8",
    env,
    stdio: ["ignore", "pipe", "pipe"],
  }).trim();
}
