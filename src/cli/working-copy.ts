import { dirname } from "node:path";
import { systemProcesses } from "../io/process/system-processes.ts";
import { ProblemError } from "../model/problem.ts";

/** A Git working folder as a person has one: edited, committed and pushed with the git binary. */
export class WorkingCopy {
  readonly folder: string;
  readonly #env: { readonly [name: string]: string };

  constructor(folder: string, env: NodeJS.ProcessEnv) {
    this.folder = folder;
    this.#env = {
      PATH: env["PATH"] ?? "",
      HOME: folder,
      LC_ALL: "C",
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_TERMINAL_PROMPT: "0",
      GIT_AUTHOR_NAME: "Plumbline",
      GIT_AUTHOR_EMAIL: "you@plumbline.dev",
      GIT_COMMITTER_NAME: "Plumbline",
      GIT_COMMITTER_EMAIL: "you@plumbline.dev",
    };
  }

  /** Runs git here and answers its output without the last newline; a failure is a problem with git's own words. */
  async git(...args: readonly string[]): Promise<string> {
    const done = await systemProcesses.run({ file: "git", args, cwd: this.folder, env: this.#env });
    if (done.code === 0) return done.stdout.toString("utf8").trimEnd();
    throw new ProblemError({
      code: done.missing ? "git-missing" : "git-failed",
      message: done.missing ? "git is not on the PATH" : `git ${args[0] ?? ""} failed: ${done.stderr.trim()}`,
      ...(done.missing ? { remedy: "install git" } : {}),
    });
  }

  /** The commit behind a name, as git has many kinds of; undefined where there is none. */
  async commitOf(name: string): Promise<string | undefined> {
    const args = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`];
    const done = await systemProcesses.run({ file: "git", args, cwd: this.folder, env: this.#env });
    return done.code === 0 ? done.stdout.toString("utf8").trim() : undefined;
  }

  /** Makes this folder a repository whose `main` is pushed to `remote`. */
  async begin(remote: string, message: string, tag?: string): Promise<string> {
    await this.git("init", "--quiet", "--initial-branch=main");
    await this.git("remote", "add", "origin", remote);
    return this.commitAndPush(message, tag);
  }

  /** Commits everything and pushes `main`, with the tag if one is given; answers the commit's id. */
  async commitAndPush(message: string, tag?: string): Promise<string> {
    await this.git("add", "--all");
    await this.git("commit", "--quiet", "--message", message);
    if (tag !== undefined) await this.git("tag", tag);
    await this.git("push", "--quiet", "--atomic", "origin", "main", ...(tag === undefined ? [] : [`refs/tags/${tag}`]));
    return this.git("rev-parse", "HEAD");
  }

  /** Brings what others pushed to `main` here. */
  async pull(): Promise<void> {
    await this.git("pull", "--quiet", "--rebase", "origin", "main");
  }
}

/** Makes an empty bare repository whose default branch is `main`. */
export async function makeBareRepository(folder: string, env: NodeJS.ProcessEnv): Promise<void> {
  const parent = new WorkingCopy(dirname(folder), env);
  await parent.git("init", "--quiet", "--bare", "--initial-branch=main", folder);
}
