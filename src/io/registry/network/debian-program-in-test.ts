import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { cached, type Part } from "../../../../tools/kubernetes/cache.ts";
import { Lacking } from "../../../../tools/kubernetes/lacking.ts";

/** For tests: the root of a program's packages, or why they cannot be had here. */
export async function findPackages(part: Part): Promise<string | Lacking> {
  if (process.platform !== "linux") return new Lacking("it is taken from Debian, which is Linux");
  try {
    return await cached(part, () => undefined);
  } catch (error) {
    return error instanceof Lacking ? error : new Lacking(`Debian's packages cannot be had: ${String(error)}`);
  }
}

/** For tests: how a program of unpacked packages is run, by its own loader: nothing of this machine matters. */
export async function commandOf(root: string, program: string): Promise<readonly [string, ...string[]]> {
  const libraries = join(root, "usr/lib", await nameIn(join(root, "usr/lib"), /-linux-gnu/));
  return [join(libraries, await nameIn(libraries, /^ld-linux/)), "--library-path", libraries, join(root, program)];
}

async function nameIn(folder: string, pattern: RegExp): Promise<string> {
  const name = (await readdir(folder)).find((candidate) => pattern.test(candidate));
  if (name === undefined) throw new Error(`nothing like ${pattern} in ${folder}`);
  return name;
}
