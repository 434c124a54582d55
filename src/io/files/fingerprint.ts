import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";

/** The contents of files as one text, which changes when any of them does; a file that cannot be read counts as empty. */
export async function fingerprint(paths: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const path of paths) {
    const content = await readFile(path).catch(() => Buffer.alloc(0));
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}
