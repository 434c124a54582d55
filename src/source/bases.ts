import { createHash } from "node:crypto";
import { parseDocument } from "yaml";
import type { Git } from "../io/git/git.ts";
import { isJsonObject } from "../model/json.ts";
import { kustomizationNames, pathFrom } from "../model/kustomization.ts";
import { maxConfigurationBytes } from "../model/read-configuration.ts";
import type { Base, Content } from "../model/revision.ts";

/** More directories than this one application is not made of; what is beyond is missed when it is rendered, which says so. */
const mostBases = 100;

/**
 * What the application at `path` is made of: its directory, and the directories outside of it that its kustomizations name,
 * theirs included. What cannot be read here is none; rendering reads the same files, and says what is wrong with them.
 */
export async function contentOf(git: Git, commit: string, path: string, tree: string): Promise<Content> {
  const bases = new Map<string, string>();
  const seen = new Set<string>();
  const visit = async (directory: string, id: string): Promise<void> => {
    if (seen.has(directory) || seen.size > mostBases) return;
    seen.add(directory);
    for (const name of await namedIn(git, directory, id)) {
      const found = await git.find(commit, name);
      if (found?.type !== "tree") continue;
      if (!isBelow(path, name) && !isBelow(name, path)) bases.set(name, found.id);
      await visit(name, found.id);
    }
  };
  await visit(path, tree);
  return bases.size === 0 ? { tree } : composed(tree, bases);
}

function isBelow(outer: string, path: string): boolean {
  return path === outer || path.startsWith(`${outer}/`);
}

/** The paths that the kustomization of a directory names, where it has one. */
async function namedIn(git: Git, directory: string, tree: string): Promise<readonly string[]> {
  const found = await Promise.all(kustomizationNames.map((name) => git.find(tree, name)));
  const file = found.find((one) => one?.type === "blob" && one.size <= maxConfigurationBytes);
  const content = file && (await git.blobs([file.id])).get(file.id);
  if (content === undefined) return [];
  const value: unknown = readLeniently(content.toString("utf8"));
  if (!isJsonObject(value)) return [];
  return [value["resources"], value["bases"], value["components"]]
    .flatMap((entries) => (Array.isArray(entries) ? (entries as readonly unknown[]) : []))
    .flatMap((entry) => (typeof entry === "string" ? (pathFrom(directory, entry) ?? []) : []));
}

function readLeniently(text: string): unknown {
  try {
    return parseDocument(text, { uniqueKeys: false }).toJS({ maxAliasCount: 50 });
  } catch {
    return undefined;
  }
}

function composed(directory: string, found: ReadonlyMap<string, string>): Content {
  const bases: readonly Base[] = [...found]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, tree]) => ({ path, tree }));
  const hash = createHash("sha1").update(JSON.stringify([directory, bases]));
  return { tree: hash.digest("hex"), composed: { directory, bases } };
}
