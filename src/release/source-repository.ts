import { ProblemError } from "../model/problem.ts";
import type { Finished, Processes } from "../io/process/process.ts";

/** What lies at a path of a commit's tree. */
export interface SourceEntry {
  readonly path: string;
  readonly mode: string;
  readonly id: string;
}

/** The commit that is released. */
export interface SourceCommit {
  readonly id: string;
  /** When it was committed, in seconds since the epoch. */
  readonly committedAt: number;
  /** Every tag that points at it, sorted. */
  readonly tags: readonly string[];
}

/** The application's repository, read by object and never through its working folder. Rejects with `ProblemError`. */
export interface SourceRepository {
  readonly folder: string;
  resolve(commitish: string): Promise<SourceCommit>;
  /** The tree at a path ("." is the root); undefined when there is none. */
  treeAt(commit: string, path: string): Promise<string | undefined>;
  /** Everything below a tree but the folders themselves, in Git's order. */
  list(tree: string): Promise<readonly SourceEntry[]>;
  blobs(ids: readonly string[]): Promise<readonly Buffer[]>;
}

/** A context is held in memory once while it is written out. */
const mostBytes = 1024 ** 3;

/** The repository in `folder`; git sees `path` as its PATH and nothing else of the surroundings. */
export function sourceRepository(processes: Processes, folder: string, path: string): SourceRepository {
  const git = async (args: readonly string[], stdin?: string): Promise<Finished> => {
    const finished = await processes.run({
      file: "git",
      // The person who releases names this folder, so whose it is does not matter; only objects are read.
      args: ["-c", "safe.directory=*", "-C", folder, "--no-replace-objects", "--literal-pathspecs", ...args],
      env: {
        PATH: path,
        LC_ALL: "C",
        GIT_CONFIG_NOSYSTEM: "1",
        GIT_CONFIG_GLOBAL: "/dev/null",
        GIT_NO_LAZY_FETCH: "1",
      },
      maxOutputBytes: mostBytes,
      ...(stdin === undefined ? {} : { stdin }),
    });
    if (finished.overflowed) throw unreadable(folder, `more than ${mostBytes} bytes of source in one context`);
    if (!finished.missing) return finished;
    throw new ProblemError({
      code: "git-missing",
      message: "The git program was not found on this machine.",
      remedy: "Install git 2.39 or newer and put it on the PATH.",
    });
  };
  const output = async (args: readonly string[], stdin?: string): Promise<Buffer> => {
    const finished = await git(args, stdin);
    if (finished.code === 0) return finished.stdout;
    throw unreadable(folder, finished.stderr);
  };
  return {
    folder,
    resolve: (commitish) => resolve(git, output, folder, commitish),
    treeAt: async (commit, at) => {
      if (at === ".") return (await output(["rev-parse", "--verify", `${commit}^{tree}`])).toString("utf8").trim();
      const [entry] = parseTree(
        (await output(["ls-tree", "-z", "-d", "--full-tree", commit, "--", at])).toString("utf8"),
      );
      return entry?.mode === "040000" ? entry.id : undefined;
    },
    list: async (tree) => parseTree((await output(["ls-tree", "-r", "-z", "--full-tree", tree])).toString("utf8")),
    blobs: async (ids) => {
      if (ids.length === 0) return [];
      return parseBatch(await output(["cat-file", "--batch"], ids.map((id) => `${id}\n`).join("")), ids.length);
    },
  };
}

async function resolve(
  git: (args: readonly string[]) => Promise<Finished>,
  output: (args: readonly string[]) => Promise<Buffer>,
  folder: string,
  commitish: string,
): Promise<SourceCommit> {
  const inside = await git(["rev-parse", "--git-dir"]);
  if (inside.code !== 0) throw unreadable(folder, inside.stderr);
  const found = await git(["rev-parse", "--verify", "--quiet", "--end-of-options", `${commitish}^{commit}`]);
  if (found.code !== 0) {
    throw new ProblemError({
      code: "commit-unknown",
      message: `The repository ${folder} has no commit "${commitish}".`,
      remedy: "Name a commit, a tag or a branch that is in it; commit something first if it is empty.",
    });
  }
  const id = found.stdout.toString("utf8").trim();
  const time = (await output(["show", "--no-patch", "--no-show-signature", "--format=%ct", id])).toString("utf8");
  const tags = (await output(["for-each-ref", "--format=%(refname:lstrip=2)", `--points-at=${id}`, "refs/tags"]))
    .toString("utf8")
    .split("\n")
    .filter((tag) => tag !== "");
  return { id, committedAt: Number(time.trim()), tags: tags.toSorted() };
}

function parseTree(text: string): readonly SourceEntry[] {
  return text
    .split("\0")
    .filter((line) => line !== "")
    .map((line) => {
      const tab = line.indexOf("\t");
      const [mode = "", , id = ""] = line.slice(0, tab).split(" ");
      return { path: line.slice(tab + 1), mode, id };
    });
}

/** The contents in `git cat-file --batch`'s answer: a header line with the size, the bytes, a newline; again and again. */
function parseBatch(answer: Buffer, count: number): readonly Buffer[] {
  const contents: Buffer[] = [];
  let at = 0;
  while (contents.length < count) {
    const end = answer.indexOf(0x0a, at);
    const size = Number(/ blob (\d+)$/.exec(answer.toString("utf8", at, end))?.[1]);
    if (end < 0 || Number.isNaN(size)) throw unreadable("the repository", "an object is missing or is no file");
    contents.push(answer.subarray(end + 1, end + 1 + size));
    at = end + 1 + size + 1;
  }
  return contents;
}

function unreadable(folder: string, stderr: string): ProblemError {
  const why =
    stderr
      .trim()
      .split("\n")
      .at(-1)
      ?.replace(/^fatal: /, "") ?? "";
  return new ProblemError({
    code: "source-unreadable",
    message: `${folder} cannot be read as a Git repository: ${why || "git gave no reason"}.`,
    remedy: "Run release in the application's repository, or name its folder.",
  });
}
