import { createHash, randomUUID } from "node:crypto";
import { access, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { deflate } from "node:zlib";
import { ProblemError } from "../../model/problem.ts";

/** Writes an object into the mirror, and answers its id. Rejects with `ProblemError` when the folder does not take it. */
export type ObjectWriter = (type: "blob" | "tree" | "commit", content: Buffer | string) => Promise<string>;

const compress = promisify(deflate);

/**
 * Writes objects as git keeps those that are not packed (gitformat-loose: zlib over type, size, NUL and content, under the
 * SHA-1 of the same), without a process for each: a decision on the delivery log is a dozen objects. Nothing is synced to the
 * disk, since what is written here counts for nothing before it was pushed.
 */
export function looseObjects(folder: string): ObjectWriter {
  return async (type, content) => {
    const bytes = Buffer.from(content);
    const whole = Buffer.concat([Buffer.from(`${type} ${bytes.length}\0`), bytes]);
    const id = createHash("sha1").update(whole).digest("hex");
    const directory = join(folder, "objects", id.slice(0, 2));
    const path = join(directory, id.slice(2));
    if (await exists(path)) return id;
    try {
      await place(directory, path, await compress(whole, { level: 1 }));
    } catch (error) {
      throw notWritten(type, error);
    }
    return id;
  };
}

/** Under its name only when it is whole: git reads beside this. */
async function place(directory: string, path: string, content: Buffer): Promise<void> {
  // The parent must be there: a mirror that was removed meanwhile is to be missed, and not half made.
  await mkdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  const half = join(directory, `tmp_obj_${randomUUID()}`);
  try {
    await writeFile(half, content, { mode: 0o444, flag: "wx" });
    await rename(half, path);
  } catch (error) {
    await rm(half, { force: true });
    throw error;
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function notWritten(type: string, error: unknown): ProblemError {
  const { code = "unknown", message } = error as NodeJS.ErrnoException;
  return new ProblemError({
    code: "git-failed",
    message: `The mirror does not take a ${type} (${code}): ${message}.`,
    remedy:
      "Look at the disk that the mirror's folder is on; a folder that is damaged can be removed, and is made anew.",
  });
}
