import { devNull } from "node:os";
import { ProblemError } from "../../model/problem.ts";
import type { Finished, Processes } from "../process/process.ts";
import { redact } from "./remote.ts";
import type { Remote } from "./remote.ts";

/** The variables of the surroundings that git may see: how to reach the remote, whom to trust, where programs are. */
const passed =
  /^(PATH|HOME|TMPDIR|SSH_AUTH_SOCK|SSH_ASKPASS|GIT_ASKPASS|GIT_SSH|GIT_SSH_COMMAND|GIT_SSL_CAINFO|SSL_CERT_FILE|SSL_CERT_DIR|CURL_CA_BUNDLE|(https?|all|no)_proxy|(HTTPS?|ALL|NO)_PROXY)$/;

/** A variable list with names, as `process.env` is one. */
export interface Surroundings {
  readonly [name: string]: string | undefined;
}

/** Runs git on one mirror, with nothing of this machine's or the repository's configuration and no hooks. */
export interface GitCommand {
  readonly env: { readonly [name: string]: string };
  readonly arguments: readonly string[];
  run(args: readonly string[], options?: GitRunOptions): Promise<Finished>;
  /** As `run`, and rejects with `ProblemError` unless git ended with 0. */
  output(args: readonly string[], options?: GitRunOptions): Promise<Buffer>;
  /** What a command answers that means yes by 0 and no by 1; rejects with `ProblemError` where it failed. */
  says(args: readonly string[]): Promise<boolean>;
}

/** What one run of git is given beyond its arguments. */
export interface GitRunOptions {
  readonly stdin?: Buffer | string;
  readonly env?: { readonly [name: string]: string };
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** Git for the mirror in `folder`. */
export function gitCommand(
  processes: Processes,
  folder: string,
  remote: Remote,
  surroundings: Surroundings,
): GitCommand {
  const env = gitEnvironment(remote, surroundings);
  const base = [`--git-dir=${folder}`, "--literal-pathspecs", "--no-replace-objects", "--no-optional-locks"];
  const run = (args: readonly string[], options: GitRunOptions = {}): Promise<Finished> =>
    processes.run({
      file: "git",
      args: [...base, ...args],
      env: { ...env, ...options.env },
      ...(options.stdin === undefined ? {} : { stdin: options.stdin }),
      ...(options.signal ? { signal: options.signal } : {}),
      ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    });
  return {
    env,
    arguments: base,
    run,
    async output(args, options) {
      const done = await run(args, options);
      if (done.code === 0) return done.stdout;
      throw gitFailure(args[0] ?? "git", done, remote);
    },
    async says(args) {
      const done = await run(args);
      if (done.code === 0 || isNo(done)) return done.code === 0;
      throw gitFailure(args[0] ?? "git", done, remote);
    },
  };
}

function gitEnvironment(remote: Remote, surroundings: Surroundings): { readonly [name: string]: string } {
  const kept = Object.entries(surroundings).filter((entry): entry is [string, string] => {
    return passed.test(entry[0]) && entry[1] !== undefined;
  });
  const configuration: readonly (readonly [string, string])[] = [
    ["core.hooksPath", devNull],
    ["core.fsmonitor", "false"],
    ["gc.auto", "0"],
    ["maintenance.auto", "false"],
    ["fetch.fsckObjects", "false"],
    ["push.followTags", "false"],
    ["push.recurseSubmodules", "no"],
    ["credential.helper", ""],
    // To where a redirection leads, git would take the credentials along.
    ["http.followRedirects", remote.authorization === undefined ? "initial" : "false"],
    // A server that has gone silent for a minute will not speak again.
    ["http.lowSpeedLimit", "1"],
    ["http.lowSpeedTime", "60"],
    ["remote.origin.url", remote.address],
    ...(remote.authorization === undefined
      ? []
      : [[`http.${remote.address}.extraHeader`, `Authorization: ${remote.authorization}`] as const]),
  ];
  const numbered = configuration.flatMap(([key, value], index): [string, string][] => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  return {
    GIT_SSH_COMMAND: "ssh -oBatchMode=yes -oConnectTimeout=15",
    ...Object.fromEntries(kept),
    ...(remote.ssh === undefined ? {} : { GIT_SSH_COMMAND: remote.ssh }),
    ...(remote.authority === undefined ? {} : { GIT_SSL_CAINFO: remote.authority }),
    ...Object.fromEntries(numbered),
    GIT_CONFIG_COUNT: String(configuration.length),
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: devNull,
    GIT_TERMINAL_PROMPT: "0",
    GIT_ALLOW_PROTOCOL: "file:https:http:ssh",
    GIT_NO_REPLACE_OBJECTS: "1",
    GIT_NO_LAZY_FETCH: "1",
    GIT_ATTR_NOSYSTEM: "1",
    GIT_LFS_SKIP_SMUDGE: "1",
    LC_ALL: "C",
    LANGUAGE: "C",
    TZ: "UTC",
  };
}

/** True where git answered no, which is 1 in silence: with a complaint, it could not read what it was asked about. */
export function isNo({ code, stderr }: Finished): boolean {
  return code === 1 && stderr === "";
}

/** The failure of a git command that was expected to work, as an error for people. */
export function gitFailure(what: string, done: Finished, remote: Remote): ProblemError {
  if (done.missing) {
    return new ProblemError({
      code: "git-missing",
      message: "The git program was not found on this machine.",
      remedy: "Install git 2.39 or newer and put it on the PATH.",
    });
  }
  if (done.signal !== null && !done.overflowed) {
    return new ProblemError({
      code: "git-ended",
      message: `git ${what} was ended (${done.signal}) before it was done.`,
    });
  }
  const why = done.overflowed ? "it said more than can be held" : lastWords(redact(done.stderr, remote));
  return new ProblemError({
    code: "git-failed",
    message: `git ${what} failed on the mirror of ${remote.shown}: ${why}.`,
  });
}

/** The line of git's messages that says why, without its prefix. */
export function lastWords(stderr: string): string {
  const lines = stderr.split("\n").map((line) => line.trim());
  const telling = lines.filter((line) => /^(fatal|error|ERROR|remote):/.test(line));
  const chosen = telling.find((line) => line.startsWith("fatal:")) ?? telling.at(-1) ?? lines.findLast((line) => line);
  return (chosen ?? "no reason given").replace(/^(fatal|error|remote): ?/, "").replace(/\.$/, "");
}
