import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { chmod, link, lstat, mkdir, readdir, readlink, rm, symlink } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract, type Header } from "tar-stream";
import { resolveInside } from "./inside.ts";

type Entry = Readable & { readonly header: Header };

/** A layer as its manifest and its image's configuration name it. */
export interface Layer {
  readonly digest: string;
  readonly mediaType: string;
  /** Bytes, as stored; what is longer is refused before its end. */
  readonly size: number;
  /** The digest of the tar within. */
  readonly diffId: string | undefined;
}

/**
 * Unpacks a layer (a tar, plain or gzip by its media type) over those below it in the folder `tree`, verifying the digest
 * of its bytes and of the tar within. Nothing is written outside `tree`: names, hard links and relative symbolic links
 * that leave the root are refused, and every other link is written relative, so that a process which sees the whole
 * machine stays within the image. Devices and pipes are left out.
 */
export async function unpackLayer(bytes: Readable, layer: Layer, tree: string): Promise<void> {
  const { digest, mediaType, size, diffId } = layer;
  const gzip = mediaType.endsWith("gzip");
  if (!gzip && /zstd$|encrypted$/.test(mediaType)) throw new Error(`layers of type ${mediaType} cannot be read`);
  const [packed, plain, tar] = [
    hashing(size + overlap, `layer ${digest} is refused: it is longer than the ${size} bytes that its manifest says`),
    hashing(
      Math.max(unpackedAnyway, size * mostTimesUnpacked),
      `layer ${digest} is refused: it unpacks to more than ${mostTimesUnpacked} times its size`,
    ),
    extract(),
  ];
  const reading = gzip
    ? pipeline(bytes, packed.stream, createGunzip(), plain.stream, tar)
    : pipeline(bytes, packed.stream, plain.stream, tar);
  const writing = (async () => {
    const unpacking = new Unpacking(tree, digest);
    for await (const entry of tar as AsyncIterable<Entry>) {
      await unpacking.place(entry);
      entry.resume();
    }
  })();
  try {
    await Promise.all([reading, writing]);
  } finally {
    // Whoever removes what was written finds that nobody writes any more.
    await Promise.allSettled([reading, writing]);
  }
  expectDigest(packed.digest(), digest, "layer");
  if (diffId !== undefined) expectDigest(plain.digest(), diffId, "unpacked layer");
}

/** Layers of programs unpack to some times their size; one of zeros, to a thousand, would fill the disk. */
const mostTimesUnpacked = 200;
const unpackedAnyway = 64 * 2 ** 20;
/** What is a little longer is read to its end: then it is its digest that is wrong, which says more. */
const overlap = 2 ** 20;

/** Throws when a blob's bytes are not the ones that were asked for. */
export function expectDigest(found: string, wanted: string, what: string): void {
  if (found !== wanted) throw new Error(`unexpected digest of ${what}: wanted ${wanted}, found ${found}`);
}

/** A copy of an unpacked tree in the new folder `to`: files as hard links, so it costs no space. */
export async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, place] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await copyTree(source, place);
    else if (entry.isSymbolicLink()) await symlink(await readlink(source), place);
    else await link(source, place);
  }
}

/** Passes on and hashes; more than `most` bytes end it with the words `tooMuch`. */
function hashing(most: number, tooMuch: string): { readonly stream: Transform; digest(): string } {
  const hash = createHash("sha256");
  let bytes = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      if (bytes > most) done(new Error(tooMuch));
      else done(null, chunk);
    },
  });
  return { stream, digest: () => `sha256:${hash.digest("hex")}` };
}

/** One layer on its way into a tree. */
class Unpacking {
  readonly #tree: string;
  readonly #digest: string;
  /** What this layer brought, with the folders it lies in: a whiteout takes away only what was below. */
  readonly #brought = new Set<string>();

  constructor(tree: string, digest: string) {
    this.#tree = tree;
    this.#digest = digest;
  }

  async place(entry: Entry): Promise<void> {
    const path = this.#clean(entry.header.name);
    if (path === "") return;
    const parent = await resolveInside(this.#tree, dirname(path));
    const name = basename(path);
    if (name === ".wh..wh..opq") {
      for (const each of await readdir(parent).catch(() => [])) await this.#hide(join(parent, each));
    } else if (name.startsWith(".wh.")) {
      const hidden = this.#clean(name.slice(4));
      if (hidden === "") throw this.#escape(name);
      await this.#hide(join(parent, hidden));
    } else {
      await mkdir(parent, { recursive: true });
      const isFolder = entry.header.type === "directory";
      // A folder may be there as a link to one, as in images with a merged /usr.
      await this.#write(entry, isFolder ? await resolveInside(this.#tree, path) : join(parent, name));
    }
  }

  /** A name in a tar as a clean relative path. */
  #clean(name: string): string {
    const parts = name.split("/").filter((part) => part !== "" && part !== ".");
    if (parts.includes("..") || name.includes("\0")) throw this.#escape(name);
    return parts.join("/");
  }

  #escape(name: string): Error {
    return new Error(`layer ${this.#digest} is refused: ${JSON.stringify(name)} leaves the image's root`);
  }

  async #hide(place: string): Promise<void> {
    if (!this.#brought.has(place)) await rm(place, { recursive: true, force: true });
    else if (await isFolder(place)) for (const each of await readdir(place)) await this.#hide(join(place, each));
  }

  async #write(entry: Entry, place: string): Promise<void> {
    const { type, mode } = entry.header;
    const linkname = entry.header.linkname ?? "";
    if (type === "directory" && (await isFolder(place))) return this.#note(place);
    // A file may be shared with other images and containers by hard links: it is replaced, never written to.
    await rm(place, { recursive: true, force: true });
    if (type === "directory") await mkdir(place, { recursive: true });
    else if (type === "file" || type === "contiguous-file") {
      await pipeline(entry, createWriteStream(place, { flags: "wx" }));
      await chmod(place, mode & 0o111 ? 0o555 : 0o444);
    } else if (type === "symlink") {
      const base = dirname(place);
      const target = linkname.startsWith("/") ? join(this.#tree, join("/", linkname)) : join(base, linkname);
      if (/^\.\.(\/|$)/.test(relative(this.#tree, target))) throw this.#escape(linkname);
      await symlink(relative(base, target) || ".", place);
    } else if (type === "link") await link(await resolveInside(this.#tree, this.#clean(linkname)), place);
    else return;
    this.#note(place);
  }

  #note(place: string): void {
    for (let at = place; at.length > this.#tree.length; at = dirname(at)) this.#brought.add(at);
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isDirectory() === true;
}
