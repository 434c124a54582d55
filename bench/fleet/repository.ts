import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";

/** Files of a commit by their path. */
export type Files = ReadonlyMap<string, string>;

/** A bare repository that commits are written to without a working copy: a thousand directories take a second. */
export interface BenchRepository {
  readonly folder: string;
  /** Commits on top of the branch, each of the changes in turn, and then moves it to the newest. */
  commit(branch: string, changes: Iterable<Files>): Promise<Committed>;
  /** The contents of a branch's files whose path ends so. */
  read(branch: string, ending: string): Promise<Files>;
  /** How many commits a branch has. */
  count(branch: string): Promise<number>;
}

/** The newest commit that was made, and when the branch was about to be moved to it, in milliseconds since the epoch. */
export interface Committed {
  readonly id: string;
  readonly atMs: number;
}

const run = promisify(execFile);

/** Makes an empty repository in a folder that is not there yet. */
export async function benchRepository(folder: string): Promise<BenchRepository> {
  const git = async (...args: readonly string[]): Promise<string> =>
    (await run("git", ["-C", folder, ...args], { maxBuffer: 2 ** 28 })).stdout.trim();
  await run("git", ["init", "--quiet", "--bare", "--initial-branch=main", folder]);
  return {
    folder,
    async commit(branch, changes) {
      const [ref, written] = [`refs/heads/${branch}`, "refs/bench/written"];
      const before = await git("rev-parse", "--quiet", "--verify", ref).catch(() => undefined);
      const child = spawn("git", ["-C", folder, "fast-import", "--quiet", "--force"], {
        stdio: ["pipe", "ignore", "inherit"],
      });
      const ended = once(child, "exit");
      if (before === undefined) child.stdin.write(`reset ${written}\n\n`);
      let from = before === undefined ? "" : `from ${before}\n`;
      for (const files of changes) {
        if (!child.stdin.write(commitText(written, from, files))) await once(child.stdin, "drain");
        from = "";
      }
      child.stdin.end("done\n");
      const [code] = (await ended) as [number | null];
      if (code !== 0) throw new Error(`git fast-import ended with ${code}`);
      const id = await git("rev-parse", written);
      const atMs = Date.now();
      await git("update-ref", ref, id);
      return { id, atMs };
    },
    async read(branch, ending) {
      const paths = (await git("ls-tree", "-r", "--name-only", branch)).split("\n");
      const files = new Map<string, string>();
      for (const path of paths.filter((one) => one.endsWith(ending)))
        files.set(path, await git("show", `${branch}:${path}`));
      return files;
    },
    count: async (branch) => Number(await git("rev-list", "--count", branch)),
  };
}

function commitText(ref: string, from: string, files: Files): string {
  const seconds = Math.floor(Date.now() / 1000);
  const changed = [...files].map(([path, text]) => `M 100644 inline ${path}\n${data(text)}`);
  return `commit ${ref}\ncommitter Somebody <somebody@example.test> ${seconds} +0000\n${data("Change")}${from}${changed.join("")}\n`;
}

function data(text: string): string {
  return `data ${Buffer.byteLength(text)}\n${text}\n`;
}
