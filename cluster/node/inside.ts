import { lstat, readlink } from "node:fs/promises";
import { join } from "node:path";

/**
 * The real path of `path` under `root`, as a process for which `root` is `/` would find it: absolute links start again at
 * the root and `..` stops there, so the answer never leaves it. What is missing is taken as it is written. Rejects on
 * more than 40 links.
 */
export async function resolveInside(root: string, path: string): Promise<string> {
  const done: string[] = [];
  const todo = path.split("/");
  for (let links = 0; todo.length > 0;) {
    const part = todo.shift() ?? "";
    if (part === "" || part === ".") continue;
    const target = part === ".." ? undefined : await linkTarget(join(root, ...done, part));
    if (target !== undefined) {
      links += 1;
      if (links > 40) throw new Error(`too many symbolic links in ${path}`);
      if (target.startsWith("/")) done.length = 0;
      todo.unshift(...target.split("/"));
    } else if (part === "..") done.pop();
    else done.push(part);
  }
  return join(root, ...done);
}

async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return (await lstat(path)).isSymbolicLink() ? await readlink(path) : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}
