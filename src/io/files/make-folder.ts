import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { ProblemError } from "../../model/problem.ts";

/**
 * Makes a folder and those above it that are not there yet, one by one from the nearest that is: Node's own recursive mkdir
 * never ends below a place where nothing can be made, such as /proc.
 */
export async function makeFolder(path: string, mode = 0o777): Promise<void> {
  if ((await found(path)) === "folder") return;
  const above = dirname(path);
  if (above !== path && (await found(above)) === "nothing") await makeFolder(above, mode);
  try {
    await mkdir(path, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Somebody else may have made it meanwhile.
    if (code === "EEXIST" && (await found(path)) === "folder") return;
    if (code !== "ENOENT") throw error;
    throw new ProblemError(
      {
        code: "folder-not-made",
        message: `${path} cannot be made: nothing can be written in ${above}`,
        remedy: "choose a place that you may write",
      },
      error,
    );
  }
}

async function found(path: string): Promise<"folder" | "other" | "nothing"> {
  try {
    return (await stat(path)).isDirectory() ? "folder" : "other";
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return "nothing";
    throw error;
  }
}
