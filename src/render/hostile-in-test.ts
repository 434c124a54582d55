import { execFileSync } from "node:child_process";
import { runGit } from "../io/git/temporary-repository-in-test.ts";

/** For tests: one entry of a tree as its bytes say it, however wrong; `name` may hold any byte but NUL. */
export interface RawEntry {
  readonly mode: string;
  readonly name: string | Buffer;
  readonly id: string;
}

/** For tests: writes objects to a repository without any of the checks that git makes before it writes them. */
export function rawWriter(folder: string) {
  const write = (type: string, content: Buffer): string =>
    execFileSync("git", ["hash-object", "-t", type, "-w", "--literally", "--stdin"], { cwd: folder, input: content })
      .toString()
      .trim();
  const blob = (content: string | Buffer): string => write("blob", Buffer.from(content));
  const tree = (entries: readonly RawEntry[]): string =>
    write(
      "tree",
      Buffer.concat(
        entries.flatMap(({ mode, name, id }) => [
          Buffer.from(`${mode} `),
          Buffer.from(name),
          Buffer.from([0]),
          Buffer.from(id, "hex"),
        ]),
      ),
    );
  const commit = (root: string, branch = "main"): string => {
    const id = runGit(folder, "commit-tree", root, "-m", "Hostile");
    runGit(folder, "update-ref", `refs/heads/${branch}`, id);
    return id;
  };
  return { blob, tree, commit };
}
