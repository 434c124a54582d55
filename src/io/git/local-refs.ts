import { readFileSync, statSync, watch } from "node:fs";
import type { FSWatcher } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import { join, resolve } from "node:path";

type SeenBranches = ReadonlyMap<string, string>;

/** The branches of the repository in `folder` (bare or not) with what their files say: commits, or what only git can follow. */
export function localBranches(folder: string): Promise<SeenBranches> {
  return readRefs(findGitFolder(folder), () => undefined);
}

/**
 * Calls `changed` when a branch of the repository in `folder` (bare or not) came, went or moved, as seen in the
 * repository itself: an event of the file system only makes it look again. Returns a function that ends it.
 */
export function watchLocalRefs(folder: string, changed: () => void): () => void {
  const gitFolder = findGitFolder(folder);
  const watchers = new Map<string, FSWatcher>();
  let ended = false;
  let looking = false;
  let again = false;
  let known: string | undefined;

  const look = async (): Promise<void> => {
    again = true;
    if (looking) return;
    looking = true;
    while (again) {
      again = false;
      if (ended) break;
      const seen = await readRefs(gitFolder, observe);
      const all = JSON.stringify([...seen]);
      if (known !== undefined && all !== known && !ended) changed();
      known = all;
    }
    looking = false;
  };
  // Anew at each look: a folder that was removed and made again (by packing) leaves a deaf watcher behind.
  const observe = (path: string): void => {
    if (ended) return;
    const before = watchers.get(path);
    try {
      const watcher = watch(path, () => void look());
      watcher.on("error", () => watcher.close());
      watchers.set(path, watcher);
    } catch {
      // The folder went away or the machine has no more watches to give: polling still sees every change.
      watchers.delete(path);
    }
    before?.close();
  };
  void look();
  return () => {
    ended = true;
    for (const watcher of watchers.values()) watcher.close();
    watchers.clear();
  };
}

function findGitFolder(folder: string): string {
  const inside = join(folder, ".git");
  try {
    if (statSync(inside).isDirectory()) return inside;
    const pointer = /^gitdir: (.*)$/m.exec(readFileSync(inside, "utf8"))?.[1];
    return pointer === undefined ? folder : resolve(folder, pointer);
  } catch {
    return folder;
  }
}

/** All branches, in a total order; `observe` is told of each folder on the way, before it is read. */
async function readRefs(gitFolder: string, observe: (path: string) => void): Promise<SeenBranches> {
  const seen = new Map<string, string>();
  observe(gitFolder);
  for (const line of (await textOf(join(gitFolder, "packed-refs"))).split("\n")) {
    const [, commit, branch] = /^(\w+) refs\/heads\/(.+)$/.exec(line) ?? [];
    if (commit !== undefined && branch !== undefined) seen.set(branch, commit);
  }
  const visit = async (path: string, prefix: string): Promise<void> => {
    observe(path);
    const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const [below, name] = [join(path, entry.name), `${prefix}${entry.name}`];
      if (entry.isDirectory()) await visit(below, `${name}/`);
      else if (!entry.name.endsWith(".lock")) seen.set(name, (await textOf(below)).trim());
    }
  };
  observe(join(gitFolder, "refs"));
  await visit(join(gitFolder, "refs", "heads"), "");
  return seen;
}

async function textOf(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}
