import { createReadStream } from "node:fs";
import { lstat, mkdir, mkdtemp, readdir, readlink, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Files, FolderEntry, NewEntry } from "./files.ts";

/** The files of this machine; temporary folders lie where the system wants them. */
export const systemFiles: Files = {
  async withTempFolder(use) {
    // The real path: tools that compare paths are confused by macOS' link from /var to /private/var.
    const folder = await realpath(await mkdtemp(join(tmpdir(), "plumbline-")));
    try {
      return await use(folder);
    } finally {
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    }
  },
  async write(folder, entries) {
    const folders = new Set(entries.map((entry) => dirname(join(folder, entry.path))));
    for (const path of folders) await mkdir(path, { recursive: true });
    // Links last: no file is ever written through one.
    for (const entry of entries) if (entry.kind === "file") await writeOne(folder, entry);
    for (const entry of entries) if (entry.kind === "link") await writeOne(folder, entry);
  },
  list: (folder) => list(folder, ""),
  read: (path) => createReadStream(path, { highWaterMark: 1024 * 1024 }),
};

async function writeOne(folder: string, entry: NewEntry): Promise<void> {
  const path = join(folder, entry.path);
  if (entry.kind === "link") await symlink(entry.target, path);
  else await writeFile(path, entry.content, { flag: "wx", mode: entry.executable ? 0o755 : 0o644 });
}

async function list(folder: string, below: string): Promise<readonly FolderEntry[]> {
  const names = (await readdir(join(folder, below))).toSorted();
  const found: FolderEntry[] = [];
  for (const name of names) {
    const path = below === "" ? name : `${below}/${name}`;
    const { mode, size, ...entry } = await lstat(join(folder, path)).then((stats) => ({
      mode: stats.mode,
      size: stats.size,
      isFile: stats.isFile(),
      isLink: stats.isSymbolicLink(),
      isFolder: stats.isDirectory(),
    }));
    if (entry.isFile) found.push({ kind: "file", path, size, executable: (mode & 0o100) !== 0 });
    else if (entry.isLink) found.push({ kind: "link", path, target: await readlink(join(folder, path)) });
    else if (entry.isFolder) found.push({ kind: "folder", path }, ...(await list(folder, path)));
  }
  return found;
}
