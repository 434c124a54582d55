import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { cached } from "./cache.ts";
import type { Progress } from "./cache.ts";
import { kubernetesCommands } from "./commands.ts";
import { debianPackages } from "./packages.ts";

/** What an instance is started from. Never written to after it was built. */
export interface Built {
  /** The folder of the Kubernetes commands. */
  readonly commands: string;
  /** The root of the unpacked packages. */
  readonly packages: string;
  /** The dynamic loader of the packages and the folder of their libraries. */
  readonly loader: string;
  readonly libraries: string;
}

/** Builds what the cache does not hold yet: minutes the first time. Rejects with one sentence that says what was missing. */
export async function build(progress: Progress): Promise<Built> {
  const packages = await cached(debianPackages, progress);
  const commands = await cached(kubernetesCommands, progress);
  const libraries = await match(join(packages, "usr/lib"), /-linux-gnu/);
  return { commands, packages, libraries, loader: await match(libraries, /^ld-linux/) };
}

async function match(folder: string, pattern: RegExp): Promise<string> {
  const name = (await readdir(folder)).find((candidate) => pattern.test(candidate));
  if (name === undefined)
    throw new Error(`There is nothing like ${pattern} in ${folder}; remove it to have it built again.`);
  return join(folder, name);
}
