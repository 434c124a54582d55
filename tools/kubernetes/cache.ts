import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

/** Something that takes long to make and is kept between runs. */
export interface Part {
  readonly title: string;
  /** Of its folder in the cache; changes whenever what it is made of does. */
  readonly name: () => Promise<string>;
  /** Makes it in an empty folder. */
  readonly make: (folder: string) => Promise<void>;
}

/** What is told to people who wait. */
export type Progress = (text: string) => void;

/** The folder that holds a part; made first where the cache does not have it. */
export async function cached(part: Part, progress: Progress): Promise<string> {
  const folder = await cacheFolder(part);
  if (await isThere(folder)) return folder;
  const started = Date.now();
  progress(`${part.title}: being built for the cache …`);
  await mkdir(dirname(folder), { recursive: true });
  const unfinished = await mkdtemp(`${folder}.`);
  try {
    await part.make(unfinished);
    // Of two that build at once, the second finds the very same there already.
    await rename(unfinished, folder).catch(async (error: unknown) => {
      if (!(await isThere(folder))) throw error;
    });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  progress(`${part.title}: built in ${Math.round((Date.now() - started) / 1000)} s, kept in ${folder}`);
  return folder;
}

/** Whether the cache holds a part. */
export async function isCached(part: Part): Promise<boolean> {
  return isThere(await cacheFolder(part));
}

/** Where parts are kept. */
export function cacheRoot(): string {
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "plumbline/kubernetes");
}

async function cacheFolder(part: Part): Promise<string> {
  return join(cacheRoot(), await part.name());
}

async function isThere(folder: string): Promise<boolean> {
  return readdir(folder).then(
    () => true,
    () => false,
  );
}
