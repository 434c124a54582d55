import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { ProblemError } from "../../model/problem.ts";

/** Nothing that people list in such a folder is larger, or more. */
const mostBytes = 256 * 1024;
const mostFiles = 1000;

/**
 * The texts of a file, or of the files right in a folder, by their names; in the order of these. Hidden ones are not among them:
 * a mounted Secret or ConfigMap keeps its former content in some. Rejects with `ProblemError` where something cannot be read.
 */
export async function readTexts(path: string): Promise<ReadonlyMap<string, string>> {
  try {
    if (!(await stat(path)).isDirectory()) return new Map([[basename(path), await readText(path)]]);
    const names = (await readdir(path)).filter((name) => !name.startsWith(".")).toSorted();
    if (names.length > mostFiles) throw unreadable(path, `it has more than ${mostFiles} files`);
    const texts: [string, string][] = [];
    for (const name of names) texts.push([name, await readText(join(path, name))]);
    return new Map(texts);
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    throw unreadable(path, (error as NodeJS.ErrnoException).code ?? String(error));
  }
}

async function readText(path: string): Promise<string> {
  const found = await stat(path);
  if (!found.isFile()) throw unreadable(path, "it is no file");
  if (found.size > mostBytes) throw unreadable(path, `it has more than ${mostBytes} bytes`);
  return readFile(path, "utf8");
}

function unreadable(path: string, why: string): ProblemError {
  return new ProblemError({
    code: "file-unreadable",
    message: `${path} cannot be read: ${why}.`,
    where: { file: path },
    remedy: "Correct its place, its permissions or its content.",
  });
}
