import { ProblemError } from "../model/problem.ts";
import type { Problem, Result } from "../model/problem.ts";
import type { Git, TreeEntry } from "../io/git/git.ts";
import { directoryTree } from "../model/revision.ts";
import type { Content } from "../model/revision.ts";
import { limits, wholePortion } from "./limits.ts";
import type { Portion } from "./limits.ts";
import type { SourceFile } from "./read-documents.ts";

/**
 * Every entry of the listed tree of an application's directory, and of each of its bases; a hostile one is refused before
 * anything is read.
 */
export async function listSources(
  git: Pick<Git, "list">,
  folder: string,
  content: Content,
  portion: Portion,
): Promise<Result<readonly ListedTree[]>> {
  const roots = [{ path: folder, tree: directoryTree(content) }, ...(content.composed?.bases ?? [])];
  const listed: ListedTree[] = [];
  for (const { path, tree } of roots) {
    try {
      listed.push({ path, entries: await git.list(tree, { most: 2 * limits.files }) });
    } catch (error) {
      if (!(error instanceof ProblemError) || error.problem.code !== "too-many-files") throw error;
      return { ok: false, problems: [{ ...error.problem, where: { file: path } }] };
    }
  }
  const problems = listed.flatMap(({ path, entries }) => checkEntries(entries, path, portion));
  if (problems.length > 0) return { ok: false, problems: problems.slice(0, limits.problems) };
  return { ok: true, value: listed };
}

/** What a directory holds, at any depth; the paths of `entries` are relative to it. */
export interface ListedTree {
  readonly path: string;
  readonly entries: readonly TreeEntry[];
}

/** The manifests of a directory without a kustomization; one further below is refused, since it would be left out. */
export async function readManifests(
  git: Pick<Git, "blobs">,
  { path, entries }: ListedTree,
): Promise<Result<readonly SourceFile[]>> {
  const below = entries.filter((entry) => /(^|\/)kustomization(\.ya?ml)?$/i.test(entry.path));
  if (below.length > 0) return { ok: false, problems: below.map((entry) => kustomizationBelow(path, entry.path)) };
  const manifests = entries.filter((entry) => isManifest(entry.path));
  const blobs = await git.blobs(manifests.map((entry) => entry.id));
  return {
    ok: true,
    value: manifests.map((entry) => ({
      path: `${path}/${entry.path}`,
      content: blobs.get(entry.id) ?? Buffer.alloc(0),
    })),
  };
}

function kustomizationBelow(folder: string, path: string): Problem {
  return {
    code: "kustomization-below",
    message: `A kustomization stands here, and ${folder} has none of its own that names it.`,
    where: { file: `${folder}/${path}` },
    remedy: `Write a kustomization.yaml in ${folder} with this directory under resources.`,
  };
}

/** Every *.yaml, *.yml and *.json at any depth, but the application's own delivery.yaml and what is hidden. */
function isManifest(path: string): boolean {
  const hidden = path.split("/").some((part) => part.startsWith("."));
  return !hidden && path !== "delivery.yaml" && /\.(yaml|yml|json)$/.test(path);
}

/** Everything about a listing that is refused, as a pure function of it. */
export function checkEntries(
  entries: readonly TreeEntry[],
  folder: string,
  portion = wholePortion,
): readonly Problem[] {
  const whole = checkWhole(entries, folder, portion);
  if (whole) return [whole];
  return [...entries.flatMap((entry) => checkEntry(entry, folder)), ...collisions(entries, folder)];
}

function checkWhole(entries: readonly TreeEntry[], folder: string, portion: Portion): Problem | undefined {
  const where = { file: folder };
  const remedy = "Keep manifests only in this directory, or split it into several applications.";
  if (entries.length > limits.files) {
    return {
      code: "too-many-files",
      message: `${folder} holds ${entries.length} files; at most ${limits.files} are taken.`,
      where,
      remedy,
    };
  }
  const bytes = entries.reduce((sum, entry) => sum + (isManifest(entry.path) ? entry.size : 0), 0);
  if (bytes <= portion.bytes) return undefined;
  return {
    code: "manifests-too-large",
    message: `The manifests in ${folder} are ${bytes} bytes; at most ${portion.bytes} are taken.`,
    where,
    remedy,
  };
}

function checkEntry(entry: TreeEntry, folder: string): readonly Problem[] {
  const file = `${folder}/${entry.path}`;
  const problem = (code: string, message: string, remedy: string): readonly Problem[] => [
    { code, message, where: { file }, remedy },
  ];
  if (entry.mode === "120000") {
    return problem(
      "symlink-refused",
      "A symbolic link stands here; links are never followed.",
      "Put the file itself in its place.",
    );
  }
  if (entry.type === "commit") {
    return problem(
      "submodule-refused",
      "A submodule stands here; only files of this repository are delivered.",
      "Put the files themselves in its place.",
    );
  }
  const bytes = Buffer.byteLength(entry.path);
  if (bytes > limits.pathBytes) {
    return [
      {
        code: "path-too-long",
        message: `A path that begins with ${JSON.stringify(`${folder}/${entry.path.slice(0, 60)}`)} is ${bytes} bytes; at most ${limits.pathBytes} are taken.`,
        where: { file: folder },
        remedy: "Shorten it.",
      },
    ];
  }
  if (!isSafePath(entry.path)) {
    const printable = JSON.stringify(`${folder}/${entry.path}`);
    return [
      {
        code: "path-refused",
        message: `The path ${printable} does not mean the same everywhere.`,
        where: { file: folder },
        remedy: "Rename it: no control characters, backslashes, or names of git's own.",
      },
    ];
  }
  const name = entry.path.slice(entry.path.lastIndexOf("/") + 1);
  if (/^chart\.ya?ml$/i.test(name)) {
    return problem(
      "helm-not-supported",
      "Helm charts are not supported yet, and are never left out silently.",
      "Commit the output of `helm template` as plain manifests instead.",
    );
  }
  if (isManifest(entry.path) && entry.size > limits.fileBytes) {
    return problem(
      "manifest-too-large",
      `The file is ${entry.size} bytes; at most ${limits.fileBytes} are taken.`,
      "Split it.",
    );
  }
  return [];
}

function isSafePath(path: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what is refused
  if (/[\u0000-\u001f\u007f\\\uFFFD\u200b-\u200f\u202a-\u202e\ufeff]/.test(path)) return false;
  return path
    .split("/")
    .every((part) => part !== "" && part !== "." && part !== ".." && !/^(\.git|git~\d+)[. ]*$/i.test(part));
}

/** Paths that are one and the same where case or composition of letters does not count. */
function collisions(entries: readonly TreeEntry[], folder: string): readonly Problem[] {
  const seen = new Map<string, string>();
  const problems: Problem[] = [];
  const whole = new Set<string>();
  for (const { path } of entries) {
    if (whole.has(path)) {
      problems.push({
        code: "path-collision",
        message: `The path ${path} stands twice in the same directory.`,
        where: { file: `${folder}/${path}` },
        remedy: "Write the directory anew; git fsck shows what is wrong with it.",
      });
      continue;
    }
    whole.add(path);
    const parts = path.split("/");
    for (let length = 1; length <= parts.length; length += 1) {
      const part = parts.slice(0, length).join("/");
      const folded = part.normalize("NFC").toLowerCase();
      const before = seen.get(folded);
      if (before === undefined) seen.set(folded, part);
      else if (before !== part) {
        problems.push({
          code: "path-collision",
          message: `The paths ${before} and ${part} are the same where case does not count.`,
          where: { file: `${folder}/${part}` },
          remedy: "Rename one of the two.",
        });
        break;
      }
    }
  }
  return problems;
}
