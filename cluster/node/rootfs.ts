import { link, lstat, mkdir, readdir, readlink, rm, symlink } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { resolveInside } from "./inside.ts";
import type { Whiteouts } from "./layer.ts";

/** An unpacked layer in the cache. */
export interface UnpackedLayer {
  readonly tree: string;
  readonly whiteouts: Whiteouts;
}

/** Lays the layers over each other, lowest first, in the new folder `root`: files as hard links, so it costs no copy. */
export async function composeRootfs(layers: readonly UnpackedLayer[], root: string): Promise<void> {
  await mkdir(root, { recursive: true });
  for (const layer of layers) {
    for (const path of layer.whiteouts.opaque) await empty(await resolveInside(root, path));
    for (const path of layer.whiteouts.removed) {
      await rm(join(await resolveInside(root, dirname(path)), basename(path)), { recursive: true, force: true });
    }
    await overlay(layer.tree, root, root);
  }
}

async function empty(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) await rm(join(folder, name), { recursive: true, force: true });
}

async function overlay(from: string, to: string, root: string): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    const place = join(to, entry.name);
    if (entry.isDirectory()) {
      await overlay(source, await directoryAt(place, root), root);
      continue;
    }
    if (await exists(place)) await rm(place, { recursive: true, force: true });
    if (entry.isSymbolicLink()) await symlink(insideTarget(await readlink(source), place, root), place);
    else await link(source, place);
  }
}

/** The directory at `place`: a link to one within the root is followed, as layers of merged-/usr images need. */
async function directoryAt(place: string, root: string): Promise<string> {
  const real = await resolveInside(root, place.slice(root.length));
  const there = await lstat(real).catch(() => undefined);
  if (there !== undefined && !there.isDirectory()) await rm(real, { force: true });
  await mkdir(real, { recursive: true });
  return real;
}

/** A link's target made relative, so that a process which sees the whole machine still stays within the image. */
function insideTarget(target: string, place: string, root: string): string {
  const reached = relative(root, join(target.startsWith("/") ? root : dirname(place), target));
  const kept = reached.split("/").filter((part) => part !== "..");
  return relative(dirname(place), join(root, ...kept)) || ".";
}

async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}
