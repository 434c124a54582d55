import { createHash, randomUUID } from "node:crypto";
import { link, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Referrer } from "./registry.ts";

/** What a tag names. */
export interface TaggedManifest {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

interface IndexEntry extends TaggedManifest {
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The tags of an OCI layout folder, by full reference `repository:tag`. */
export interface LayoutTags {
  find(reference: string): Promise<TaggedManifest | undefined>;
  /** Gives the tag to this manifest unless it is given; returns what it names from now on. */
  claim(reference: string, manifest: TaggedManifest): Promise<TaggedManifest>;
  /** Enters a manifest as one that refers to another, by its digest. */
  refer(subject: string, referrer: Referrer): Promise<void>;
  /** What refers to a manifest, in the order of digests. */
  referrers(subject: string): Promise<readonly Referrer[]>;
  /** Brings `index.json` up to date with every tag that was claimed, by anyone. */
  publish(): Promise<void>;
}

const refName = "org.opencontainers.image.ref.name";
/** Ours: the layout has no list of referrers, and asking each manifest of a large folder whom it belongs to takes long. */
const subjectName = "dev.plumbline.subject";

/**
 * One file a tag, created by a hard link: whoever is first has it, without a lock. `index.json` follows from those files;
 * a writer renames its version into place and looks again, so of two at once the last to look puts in what the other
 * one's rename took out. Entries that other tools wrote stay.
 */
export function layoutTags(folder: string): LayoutTags {
  const tagFolder = join(folder, "plumbline", "tags");
  const indexPath = join(folder, "index.json");
  const fileOf = (reference: string): string =>
    join(tagFolder, `${createHash("sha256").update(reference).digest("hex")}.json`);

  const find = async (reference: string): Promise<TaggedManifest | undefined> => {
    const claimed = parse<IndexEntry>(await readIfThere(fileOf(reference)));
    return claimed ?? (await readIndex(indexPath)).find((entry) => entry.annotations?.[refName] === reference);
  };

  /** Writes an entry unless there is one of that name. */
  const enter = async (name: string, entry: IndexEntry): Promise<void> => {
    const unfinished = join(folder, "plumbline", "unfinished", randomUUID());
    await writeFile(unfinished, `${JSON.stringify(entry)}\n`, { flag: "wx" });
    try {
      await link(unfinished, fileOf(name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    } finally {
      await rm(unfinished, { force: true });
    }
  };

  return {
    find,
    claim: async (reference, { mediaType, digest, size }) => {
      const known = await find(reference);
      if (known !== undefined && known.digest !== digest) return known;
      const entry: IndexEntry = { mediaType, digest, size, annotations: { [refName]: reference } };
      await enter(reference, entry);
      return (await find(reference)) ?? entry;
    },
    refer: (subject, { mediaType, digest, size, artifactType }) =>
      enter(`${subject} ${digest}`, { mediaType, digest, size, artifactType, annotations: { [subjectName]: subject } }),
    referrers: async (subject) => {
      const entries = await claimedTags(tagFolder);
      return entries
        .filter((entry) => entry.annotations?.[subjectName] === subject)
        .map(({ mediaType, digest, size, artifactType = "" }) => ({ mediaType, digest, size, artifactType }))
        .toSorted((left, right) => (left.digest < right.digest ? -1 : 1));
    },
    publish: async () => {
      for (;;) {
        const index = await readIndex(indexPath);
        const missing = (await claimedTags(tagFolder)).filter((tag) => !index.some((entry) => same(entry, tag)));
        if (missing.length === 0) return;
        const manifests = [...index, ...missing].toSorted(byReference);
        const text = JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests }, undefined, 2);
        const unfinished = join(folder, "plumbline", "unfinished", randomUUID());
        await writeFile(unfinished, `${text}\n`, { flag: "wx" });
        await rename(unfinished, indexPath);
      }
    },
  };
}

const indexType = "application/vnd.oci.image.index.v1+json";

async function claimedTags(folder: string): Promise<readonly IndexEntry[]> {
  const names = (await readdir(folder).catch(noneWhereAbsent)).filter((name) => name.endsWith(".json"));
  const entries = await Promise.all(
    names.map(async (name) => parse<IndexEntry>(await readIfThere(join(folder, name)))),
  );
  return entries.filter((entry) => entry !== undefined);
}

async function readIndex(path: string): Promise<readonly IndexEntry[]> {
  return parse<{ manifests?: IndexEntry[] }>(await readIfThere(path))?.manifests ?? [];
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function noneWhereAbsent(error: NodeJS.ErrnoException): readonly string[] {
  if (error.code === "ENOENT") return [];
  throw error;
}

function parse<T>(text: string | undefined): T | undefined {
  return text === undefined ? undefined : (JSON.parse(text) as T);
}

function same(left: IndexEntry, right: IndexEntry): boolean {
  return left.digest === right.digest && left.annotations?.[refName] === right.annotations?.[refName];
}

function byReference(left: IndexEntry, right: IndexEntry): number {
  const [a, b] = [left, right].map((entry) => `${entry.annotations?.[refName] ?? ""} ${entry.digest}`);
  return (a ?? "") < (b ?? "") ? -1 : 1;
}
