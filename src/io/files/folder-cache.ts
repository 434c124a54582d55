import { createHash, randomUUID } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cache } from "./files.ts";
import { makeFolder } from "./make-folder.ts";

/** A cache of one file a key in a folder, which is made when needed; what cannot be read counts as not there. */
export function folderCache(folder: string): Cache {
  const fileOf = (key: string): string => join(folder, `${createHash("sha256").update(key).digest("hex")}.json`);
  return {
    async get(key) {
      try {
        return JSON.parse(await readFile(fileOf(key), "utf8")) as unknown;
      } catch {
        return undefined;
      }
    },
    async put(key, value) {
      await makeFolder(folder);
      const unfinished = join(folder, `${randomUUID()}.unfinished`);
      await writeFile(unfinished, `${JSON.stringify(value)}\n`, { flag: "wx" });
      await rename(unfinished, fileOf(key));
    },
  };
}
