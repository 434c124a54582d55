import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { chmod, link, lstat, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { type Header, extract } from "tar-stream";
import { resolveInside } from "./inside.ts";

type Entry = Readable & { readonly header: Header };

/** What a layer takes away from those below it: paths relative to the root. */
export interface Whiteouts {
  readonly removed: readonly string[];
  /** Directories whose contents below are hidden. */
  readonly opaque: readonly string[];
}

/**
 * Unpacks one layer (a tar, plain or gzip by its media type) into the empty folder `tree`, verifying the digest of its
 * bytes and of the tar within. Nothing is written outside `tree`: names and hard links with `..` and relative symbolic
 * links that leave the root are refused, other links are resolved inside it. Devices and pipes are left out.
 */
export async function unpackLayer(
  bytes: Readable,
  layer: { readonly digest: string; readonly mediaType: string; readonly diffId: string | undefined },
  tree: string,
): Promise<Whiteouts> {
  const packed = hashing();
  const plain = hashing();
  const tar = extract();
  const gzip = layer.mediaType.endsWith("gzip");
  if (!gzip && /zstd$|encrypted$/.test(layer.mediaType))
    throw new Error(`layers of type ${layer.mediaType} cannot be read`);
  const reading = gzip
    ? pipeline(bytes, packed.stream, createGunzip(), plain.stream, tar)
    : pipeline(bytes, packed.stream, plain.stream, tar);
  const whiteouts = { removed: [] as string[], opaque: [] as string[] };
  const writing = (async () => {
    for await (const entry of tar as unknown as AsyncIterable<Entry>)
      await placeEntry(entry, tree, whiteouts, layer.digest);
  })();
  await Promise.all([reading, writing]);
  expectDigest(packed.digest(), layer.digest, "layer");
  if (layer.diffId !== undefined) expectDigest(plain.digest(), layer.diffId, "unpacked layer");
  return whiteouts;
}

/** Throws when a blob's bytes are not the ones that were asked for. */
export function expectDigest(found: string, wanted: string, what: string): void {
  if (found !== wanted) throw new Error(`unexpected digest of ${what}: wanted ${wanted}, found ${found}`);
}

function hashing(): { readonly stream: Transform; digest(): string } {
  const hash = createHash("sha256");
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  return { stream, digest: () => `sha256:${hash.digest("hex")}` };
}

async function placeEntry(
  entry: Entry,
  tree: string,
  whiteouts: { removed: string[]; opaque: string[] },
  digest: string,
): Promise<void> {
  const { header } = entry;
  const path = entryPath(header.name, digest);
  const name = basename(path);
  if (name === ".wh..wh..opq") whiteouts.opaque.push(dirname(path));
  else if (name.startsWith(".wh.")) whiteouts.removed.push(join(dirname(path), name.slice(4)));
  else if (path !== ".") await writeEntry(entry, await placeFor(tree, path), tree, digest);
  entry.resume();
}

/** A name in a tar as a clean relative path. */
function entryPath(name: string, digest: string): string {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..") || name.includes("\0")) throw escape(name, digest);
  return parts.join("/") || ".";
}

function escape(name: string, digest: string): Error {
  return new Error(`layer ${digest} is refused: ${JSON.stringify(name)} leaves the image's root`);
}

/** Where the entry goes: its parents exist as real directories, and nothing but a directory is in its place. */
async function placeFor(tree: string, path: string): Promise<string> {
  const parent = await resolveInside(tree, dirname(path));
  await mkdir(parent, { recursive: true });
  return join(parent, basename(path));
}

async function writeEntry(entry: Entry, place: string, tree: string, digest: string): Promise<void> {
  const { header } = entry;
  const mode = header.mode ?? 0o644;
  if (header.type === "directory") {
    if (!(await isDirectory(place))) {
      await rm(place, { force: true });
      await mkdir(place);
    }
    return;
  }
  if (header.type === "file" || header.type === "contiguous-file") {
    await rm(place, { recursive: true, force: true });
    if (header.size === 0) await writeFile(place, "");
    else await pipeline(entry, createWriteStream(place, { flags: "wx" }));
    // Files are shared between the containers by hard links, so nobody writes to them.
    await chmod(place, mode & 0o111 ? 0o555 : 0o444);
  } else if (header.type === "symlink") {
    await rm(place, { recursive: true, force: true });
    const target = header.linkname ?? "";
    if (leaves(relative(tree, join(dirname(place), target.startsWith("/") ? "." : target))))
      throw escape(target, digest);
    await symlink(target, place);
  } else if (header.type === "link") {
    const target = await resolveInside(tree, entryPath(header.linkname ?? "", digest), true);
    await rm(place, { recursive: true, force: true });
    await link(target, place);
  }
}

function leaves(path: string): boolean {
  return path === ".." || path.startsWith("../");
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isDirectory();
  } catch {
    return false;
  }
}
