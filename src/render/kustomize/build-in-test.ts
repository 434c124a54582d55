import { posix } from "node:path";
import type { Result } from "../../model/problem.ts";
import { clusterKinds } from "../cluster-kinds.ts";
import { wholePortion } from "../limits.ts";
import type { ReadValue } from "../read-documents.ts";
import { kustomize } from "./kustomize.ts";
import type { Sources } from "./sources.ts";

/** Builds a directory of some files, by their paths. */
export function buildInTest(
  files: { readonly [path: string]: string },
  directory: string,
): Promise<Result<readonly ReadValue[]>> {
  const directories = new Set(Object.keys(files).flatMap(above));
  const sources: Sources = {
    kind: (path) => (Object.hasOwn(files, path) ? "file" : directories.has(path) ? "directory" : undefined),
    read: (path) => Promise.resolve(Buffer.from(files[path] ?? "")),
  };
  const cluster = clusterKinds([], []);
  return kustomize(sources, directory, (kind) => cluster.has(kind), wholePortion);
}

function above(path: string): readonly string[] {
  const folder = posix.dirname(path);
  return folder === "." ? [] : [folder, ...above(folder)];
}
