import type { Git, TreeEntry } from "../io/git/git.ts";

/** A directory that fits the layout, or what stands in the place of one. */
export interface Place {
  readonly environment: string;
  readonly name: string;
  readonly path: string;
  /** The tree of the directory; undefined where a symbolic link or submodule stands in its place. */
  readonly tree: string | undefined;
}

/** Finds every application of the declared environments at a commit, in the order of their ids. */
export async function findPlaces(
  git: Git,
  commit: string,
  layout: string,
  environments: readonly string[],
): Promise<readonly Place[]> {
  const parts = layout.split("/");
  const places: Place[] = [];
  const walk = async (path: string, depth: number, known: Partial<Place>): Promise<void> => {
    const part = parts[depth];
    const below = (name: string): string => (path === "" ? name : `${path}/${name}`);
    if (part === undefined) {
      const tree = await git.treeAt(commit, path);
      if (tree !== undefined) places.push({ environment: known.environment ?? "", name: known.name ?? "", path, tree });
    } else if (part === "{environment}") {
      for (const environment of environments) await walk(below(environment), depth + 1, { ...known, environment });
    } else if (part === "{application}") {
      const last = depth === parts.length - 1;
      for (const entry of await directory(git, commit, path)) {
        const name = entry.path;
        if (!last) await walk(below(name), depth + 1, { ...known, name });
        else if (entry.type === "tree" || isLink(entry)) {
          const tree = entry.type === "tree" ? entry.id : undefined;
          places.push({ environment: known.environment ?? "", name, path: below(name), tree });
        }
      }
    } else {
      await walk(below(part), depth + 1, known);
    }
  };
  await walk("", 0, {});
  return places.toSorted((a, b) => compare(`${a.environment}/${a.name}`, `${b.environment}/${b.name}`));
}

/** What a directory holds, without what is hidden; nothing when it is not there. */
async function directory(git: Git, commit: string, path: string): Promise<readonly TreeEntry[]> {
  const tree = await git.treeAt(commit, path);
  if (tree === undefined) return [];
  return (await git.list(tree, { recursive: false })).filter((entry) => !entry.path.startsWith("."));
}

function isLink(entry: TreeEntry): boolean {
  return entry.type === "commit" || entry.mode === "120000";
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
