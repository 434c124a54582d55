import { ProblemError } from "../../model/problem.ts";
import type { TreeChange } from "./git.ts";
import { treeEntries } from "./list-tree.ts";
import type { RawEntry } from "./list-tree.ts";
import type { ObjectWriter } from "./loose-objects.ts";
import type { ObjectReader } from "./object-reader.ts";
import { isPlainPath } from "./remote.ts";

interface Branching {
  /** What becomes of the name itself. */
  own?: TreeChange | null;
  readonly below: Map<string, Branching>;
}

/** The tree `base` with `changes`, written level by level; levels that stay empty vanish. */
export async function writeTree(
  reader: ObjectReader,
  write: ObjectWriter,
  base: string | undefined,
  changes: ReadonlyMap<string, TreeChange | null>,
): Promise<string> {
  const root: Branching = { below: new Map() };
  for (const [path, change] of changes) place(root, path, change);
  await Promise.all([...changes.values()].map((change) => mustBeThere(reader, change)));
  const written = await writeLevel(reader, write, base, root);
  return written ?? (await makeTree(write, []));
}

/** A tree that names what the mirror has not could be written, and only the remote would find out. */
async function mustBeThere(reader: ObjectReader, change: TreeChange | null): Promise<void> {
  if (change === null) return;
  const { mode, id } = change;
  const type = isTree({ mode }) ? "tree" : "blob";
  const object = await reader.info(id);
  if (object?.type === type) return;
  throw new ProblemError({ code: "object-missing", message: `The mirror has no ${type} ${id}.` });
}

function place(root: Branching, path: string, change: TreeChange | null): void {
  if (!isPlainPath(path)) {
    throw new ProblemError({
      code: "path-refused",
      message: `${JSON.stringify(path)} is not a path that may be written to a repository.`,
      remedy: "Use names without empty parts, dots alone, .git or control characters.",
    });
  }
  let node = root;
  for (const part of Buffer.from(path, "utf8").toString("latin1").split("/")) {
    let next = node.below.get(part);
    if (next === undefined) {
      next = { below: new Map() };
      node.below.set(part, next);
    }
    node = next;
  }
  node.own = change;
}

async function writeLevel(
  reader: ObjectReader,
  write: ObjectWriter,
  base: string | undefined,
  level: Branching,
): Promise<string | undefined> {
  const entries = new Map((base === undefined ? [] : await readTree(reader, base)).map((entry) => [entry.name, entry]));
  for (const [name, node] of level.below) {
    if (node.own) entries.set(name, { mode: node.own.mode, name, id: node.own.id });
    else if (node.own === null) entries.delete(name);
    if (node.below.size === 0) continue;
    const before = entries.get(name);
    const below = await writeLevel(reader, write, before && isTree(before) ? before.id : undefined, node);
    if (below !== undefined) entries.set(name, { mode: "040000", name, id: below });
    else if (before === undefined || isTree(before)) entries.delete(name);
  }
  return entries.size === 0 ? undefined : makeTree(write, [...entries.values()]);
}

/** A tree in Git's order: by the bytes of the names, with a directory's as if it ended in a slash. */
function makeTree(write: ObjectWriter, entries: readonly RawEntry[]): Promise<string> {
  const sorted = entries.toSorted((a, b) => (sortName(a) < sortName(b) ? -1 : 1));
  const parts = sorted.flatMap(({ mode, name, id }) => [
    Buffer.from(`${mode.replace(/^0+/, "")} ${name}\0`, "latin1"),
    Buffer.from(id, "hex"),
  ]);
  return write("tree", Buffer.concat(parts));
}

function sortName(entry: RawEntry): string {
  return isTree(entry) ? `${entry.name}/` : entry.name;
}

function isTree(entry: { readonly mode: string }): boolean {
  return entry.mode.endsWith("40000");
}

/** Names are kept as bytes (latin1), so that whatever stands beside a change is written back as it was. */
async function readTree(reader: ObjectReader, tree: string): Promise<readonly RawEntry[]> {
  const object = await reader.contents(`${tree}^{tree}`);
  if (object === undefined) {
    throw new ProblemError({ code: "object-missing", message: `The mirror has no tree ${tree}.` });
  }
  return treeEntries(object, "latin1");
}
