import type { FileChanges } from "./git.ts";

/** What `git log` is to say for `parseChanges`: a line for each commit with its parents, then one for each file. */
export const changesFormat = ["--format=%H %P", "--raw", "--no-abbrev", "--no-renames", "--diff-merges=first-parent"];

const commitLine = /^([0-9a-f]{40,64}) ?([0-9a-f]*)/;
const fileLine = /^:\d+ (?:100644|100755) [0-9a-f]+ ([0-9a-f]+) [A-Z]\t([^"].*)$/;

/** Reads that back. Files whose names git must quote are left out, as are those that were removed. */
export function parseChanges(text: string): readonly FileChanges[] {
  const changes: { commit: string; parent: string | undefined; files: Map<string, string> }[] = [];
  for (const line of text.split("\n")) {
    const [, blob, path] = fileLine.exec(line) ?? [];
    if (blob !== undefined && path !== undefined) changes.at(-1)?.files.set(path, blob);
    const [, commit, parent] = commitLine.exec(line) ?? [];
    if (commit !== undefined) changes.push({ commit, parent: parent === "" ? undefined : parent, files: new Map() });
  }
  return changes;
}
