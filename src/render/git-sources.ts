import { posix } from "node:path";
import type { Git, TreeEntry } from "../io/git/git.ts";
import { ProblemError } from "../model/problem.ts";
import type { Sources } from "./kustomize/sources.ts";
import { limits } from "./limits.ts";
import type { ListedTree } from "./read-files.ts";

/** The listed directories as kustomizations see them: what is not in them is not there. */
export function gitSources(git: Pick<Git, "blobs">, listed: readonly ListedTree[]): Sources {
  const files = new Map<string, TreeEntry>();
  const directories = new Set<string>();
  for (const { path, entries } of listed) {
    directories.add(path);
    for (const entry of entries) {
      const file = posix.join(path, entry.path);
      files.set(file, entry);
      for (let above = posix.dirname(file); above !== path; above = posix.dirname(above)) directories.add(above);
    }
  }
  return {
    kind: (path) => (files.has(path) ? "file" : directories.has(path) ? "directory" : undefined),
    read: async (path) => {
      const entry = files.get(path);
      if (entry === undefined || entry.size > limits.fileBytes) throw unreadable(path, entry?.size);
      return (await git.blobs([entry.id])).get(entry.id) ?? Buffer.alloc(0);
    },
  };
}

function unreadable(path: string, size: number | undefined): ProblemError {
  const message =
    size === undefined
      ? "This is a directory, and a file was asked for."
      : `The file is ${size} bytes; at most ${limits.fileBytes} are taken.`;
  return new ProblemError({ code: "source-unreadable", message, where: { file: path }, remedy: "Name another file." });
}
