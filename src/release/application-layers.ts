import type { Cache, Files, FolderEntry } from "../io/files/files.ts";
import type { Processes } from "../io/process/process.ts";
import type { Registry } from "../io/registry/registry.ts";
import { ProblemError } from "../model/problem.ts";
import { posix } from "node:path";
import { z } from "zod";
import { leaves, withBuiltFolder, type Build } from "./build.ts";
import { applicationFolder, digestOf, layerSchema, type Base, type Layer } from "./image.ts";
import { putLayer } from "./put-layer.ts";
import type { SourceRepository } from "./source-repository.ts";
import type { LayerEntry } from "./tar-layer.ts";

/** The layers of one application, and how they came to be. */
export interface ApplicationLayers {
  readonly layers: readonly Layer[];
  readonly pushedBytes: number;
  /** True when the same source had been built before and nothing was run. */
  readonly reused: boolean;
}

interface LayerDoors {
  readonly processes: Processes;
  readonly files: Files;
  readonly repository: SourceRepository;
  readonly registry: Registry;
  readonly cache: Cache;
}

/** Changes whenever the same source would be laid out in another way, so that no old entry of a cache is taken for it. */
const layoutVersion = 1;

/**
 * Builds an application and stores its layers: dependencies first, the application's own files last, so that a change of
 * code moves kilobytes. `fresh` builds even when the cache knows the layers.
 */
export async function applicationLayers(
  doors: LayerDoors,
  build: Build,
  bases: readonly Base[],
  imageRepository: string,
  fresh: boolean,
): Promise<ApplicationLayers> {
  const { cache, registry, files } = doors;
  const { image, tree } = build;
  const inputs = [
    tree,
    image.build ?? null,
    image.include ?? null,
    bases.flatMap(({ layers }) => layers.map(({ diffId }) => diffId)),
  ];
  const key = `application ${layoutVersion} ${digestOf(JSON.stringify(inputs))}`;
  if (!fresh) {
    const known = z.array(layerSchema).safeParse(await cache.get(key));
    const held = known.success
      ? await Promise.all(known.data.map(({ digest }) => registry.hasBlob(imageRepository, digest)))
      : [];
    if (known.success && held.every(Boolean)) return { layers: known.data, pushedBytes: 0, reused: true };
  }
  return withBuiltFolder(doors, build, async (folder) => {
    const chosen = await chooseFiles(files, folder, build);
    const groups = [chosen.filter(isDependency), chosen.filter((entry) => !isDependency(entry))];
    const stored = [];
    for (const group of groups.filter((entries) => entries.length > 0)) {
      stored.push(
        await putLayer(
          registry,
          imageRepository,
          group.map((entry) => layerEntry(files, folder, entry)),
        ),
      );
    }
    const layers = stored.map(({ layer }) => layer);
    await cache.put(key, layers);
    return { layers, pushedBytes: stored.reduce((sum, { pushedBytes }) => sum + pushedBytes, 0), reused: false };
  });
}

type Chosen = Exclude<FolderEntry, { readonly kind: "folder" }>;

/** What goes into the image: what is included, without packages that only the build needed and links to nothing. */
async function chooseFiles(files: Files, folder: string, { image }: Build): Promise<readonly Chosen[]> {
  const listed = await files.list(folder);
  const isDevelopment = await developmentPackages(files, folder, listed);
  for (const part of image.include ?? []) {
    if (part !== "." && !listed.some(({ path }) => path === part)) throw notBuilt(image.name, part);
  }
  const parts = image.include ?? ["."];
  const kept = listed.filter((entry): entry is Chosen => {
    const included = parts.some((part) => part === "." || entry.path === part || entry.path.startsWith(`${part}/`));
    return included && entry.kind !== "folder" && !isDevelopment(entry.path);
  });
  const there = new Set(kept.flatMap(({ path }) => [path, ...parents(path)]));
  return kept.filter((entry) => {
    if (entry.kind !== "link") return true;
    if (leaves(entry.path, entry.target)) throw escapes(image.name, entry.path, entry.target);
    return there.has(posix.join(posix.dirname(entry.path), entry.target).replace(/\/$/, ""));
  });
}

/** npm writes down in node_modules which packages only development needs: what `npm prune --omit=dev` would remove. */
async function developmentPackages(
  files: Files,
  folder: string,
  listed: readonly FolderEntry[],
): Promise<(path: string) => boolean> {
  const lists = listed.filter(({ path }) => /(^|\/)node_modules\/\.package-lock\.json$/.test(path));
  const left = new Set<string>();
  for (const { path } of lists) {
    left.add(path);
    const root = path.slice(0, -"node_modules/.package-lock.json".length);
    const parsed = lockSchema.safeParse(JSON.parse(await readText(files, posix.join(folder, path))));
    if (!parsed.success) continue;
    for (const [name, entry] of Object.entries(parsed.data.packages)) if (entry.dev) left.add(`${root}${name}`);
  }
  return (path) => left.has(path) || parents(path).some((parent) => left.has(parent));
}

const lockSchema = z.object({ packages: z.record(z.string(), z.object({ dev: z.boolean().optional() })) });

async function readText(files: Files, path: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of files.read(path)) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

function parents(path: string): readonly string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
}

function isDependency({ path }: Chosen): boolean {
  return path.split("/").includes("node_modules");
}

function layerEntry(files: Files, folder: string, entry: Chosen): LayerEntry {
  const path = `${applicationFolder}/${entry.path}`;
  if (entry.kind === "link") return { kind: "link", path, target: entry.target };
  const { size, executable } = entry;
  return { kind: "file", path, size, executable, content: () => files.read(posix.join(folder, entry.path)) };
}

function notBuilt(image: string, part: string): ProblemError {
  return new ProblemError({
    code: "include-missing",
    message: `The image ${image} includes "${part}", which is not there after the build.`,
    where: { file: "release.yaml" },
    remedy: "Correct the include list, or make the build command produce it.",
  });
}

function escapes(image: string, path: string, target: string): ProblemError {
  return new ProblemError({
    code: "link-escapes",
    message: `The build of ${image} left a symbolic link ${path} to ${target}, outside of its folder.`,
    remedy: "Let the build copy the file, or include only what the image needs.",
  });
}
