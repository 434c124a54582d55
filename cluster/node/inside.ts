import { lstat, readlink } from "node:fs/promises";
import { join, sep } from "node:path";

/**
 * The real path of `path` under `root`, as a process for which `root` is `/` would find it: absolute links start again at
 * the root and `..` stops there, so the answer never leaves it. What is missing is taken as it is written; with
 * `keepLast`, a link in the last place is not followed. Rejects on more than 40 links.
 */
export async function resolveInside(root: string, path: string, keepLast = false): Promise<string> {
  let done: string[] = [];
  let todo = path.split("/");
  let links = 0;
  while (todo.length > 0) {
    const [part = "", ...rest] = todo;
    todo = rest;
    if (part === "" || part === ".") continue;
    if (part === "..") {
      done = done.slice(0, -1);
      continue;
    }
    const target =
      keepLast && rest.every((piece) => piece === "") ? undefined : await linkTarget(join(root, ...done, part));
    if (target === undefined) {
      done.push(part);
      continue;
    }
    links += 1;
    if (links > 40) throw new Error(`too many symbolic links in ${path}`);
    if (target.startsWith("/")) done = [];
    todo = [...target.split("/"), ...todo];
  }
  return done.length === 0 ? root : join(root, done.join(sep));
}

async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return (await lstat(path)).isSymbolicLink() ? await readlink(path) : undefined;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}
