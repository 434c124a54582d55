import type { TreeChange } from "../../src/io/git/git.ts";
import type { MemoryRemote } from "../git/memory-remote.ts";
import type { Behaviour } from "../cluster/images.ts";
import { configMapText, webText } from "./manifests.ts";
import type { Files } from "./manifests.ts";
import { filesOf } from "./read-tree.ts";
import { places } from "./steps.ts";

/** Where what several applications use stands. */
export const basePath = "base";

/** The file that makes a directory a kustomization. */
export const kustomization = "kustomization.yaml";

/** The files of the base: a workload of its own and its settings. */
export function baseFiles(image: Behaviour, version: number): Files {
  const files = new Map([
    ["web.yaml", webText("base", image, version)],
    ["settings.yaml", configMapText("base-settings", { version: String(version) })],
  ]);
  return new Map([...files, [kustomization, kustomizationText(files)]]);
}

/** A tree, in which each application's kustomization names the files that are there, and the base. */
export function listed(remote: MemoryRemote, tree: string): string {
  const texts = places.flatMap((at): readonly [string, TreeChange][] => {
    const directory = remote.entryAt(tree, at);
    const files = directory && filesOf(remote, directory.id);
    if (!files?.has(kustomization)) return [];
    const id = remote.objects.write("blob", Buffer.from(kustomizationText(files, `../../${basePath}`)));
    return [[`${at}/${kustomization}`, { mode: "100644", id }]];
  });
  return remote.writeTree(tree, new Map(texts));
}

/** The kustomization of a directory: all of its manifests, and what it is based on. */
function kustomizationText(files: Files, base?: string): string {
  const own = [...files.keys()].filter((name) => name !== kustomization && name !== "delivery.yaml").toSorted();
  return `${JSON.stringify({ resources: base === undefined ? own : [...own, base] })}\n`;
}

/** What a directory asks for: its own files, and where it is a kustomization those of the base that the same commit has. */
export function composedFiles(remote: MemoryRemote, commit: string, files: Files): Files {
  if (!files.has(kustomization)) return files;
  const base = remote.idAt(commit, basePath);
  const shared = [...(base === undefined ? [] : filesOf(remote, base))].map(
    ([name, text]) => [`${basePath}/${name}`, text] as const,
  );
  return new Map([...files, ...shared].filter(([name]) => !name.endsWith(kustomization)));
}
