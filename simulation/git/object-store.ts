import { createHash } from "node:crypto";

/** What Git keeps, by the id that Git gives it. */
export interface GitObject {
  readonly type: "blob" | "tree" | "commit";
  readonly content: Buffer;
}

/** One entry of a tree; `mode` as Git stores it, without the leading zero of a directory. */
export interface Entry {
  readonly mode: string;
  readonly name: string;
  readonly id: string;
}

/** Objects in memory under the very ids that Git gives them. What was written stays: it is told from its content alone. */
export class ObjectStore {
  readonly #objects = new Map<string, GitObject>();
  readonly #trees = new Map<string, readonly Entry[]>();

  read(id: string): GitObject | undefined {
    return this.#objects.get(id);
  }

  write(type: GitObject["type"], content: Buffer): string {
    const id = createHash("sha1").update(`${type} ${content.length}\0`).update(content).digest("hex");
    if (!this.#objects.has(id)) this.#objects.set(id, { type, content });
    return id;
  }

  /** Writes a tree in Git's order: by name, with a directory's as if it ended in a slash. */
  writeTree(entries: readonly Entry[]): string {
    const sorted = entries.toSorted((a, b) => Buffer.compare(Buffer.from(sortName(a)), Buffer.from(sortName(b))));
    const parts = sorted.map(({ mode, name, id }) => Buffer.concat([Buffer.from(`${mode} ${name}\0`), idBytes(id)]));
    return this.write("tree", Buffer.concat(parts));
  }

  /** The entries of a tree; undefined when there is no such tree. */
  tree(id: string): readonly Entry[] | undefined {
    const known = this.#trees.get(id);
    if (known) return known;
    const object = this.#objects.get(id);
    if (object?.type !== "tree") return undefined;
    const entries = parseTree(object.content);
    this.#trees.set(id, entries);
    return entries;
  }
}

/** True of a directory. */
export function isTree({ mode }: Pick<Entry, "mode">): boolean {
  return mode === "40000";
}

function sortName(entry: Entry): string {
  return isTree(entry) ? `${entry.name}/` : entry.name;
}

function idBytes(id: string): Buffer {
  return Buffer.from(id, "hex");
}

function parseTree(content: Buffer): readonly Entry[] {
  const entries: Entry[] = [];
  for (let at = 0; at < content.length;) {
    const space = content.indexOf(32, at);
    const zero = content.indexOf(0, space);
    const id = content.toString("hex", zero + 1, zero + 21);
    entries.push({
      mode: content.toString("latin1", at, space),
      name: content.toString("utf8", space + 1, zero),
      id,
    });
    at = zero + 21;
  }
  return entries;
}
