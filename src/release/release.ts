import { posix } from "node:path";
import { ProblemError, type Result } from "../model/problem.ts";
import type { Release, ReleasedImage } from "../model/release.ts";
import type { Cache } from "../io/files/files.ts";
import type { Registry } from "../io/registry/registry.ts";
import { applicationLayers } from "./application-layers.ts";
import { resolveBase } from "./base.ts";
import { pinDeployment } from "./deployment.ts";
import type { ReleaseDoors, ReleaseEvent, ReleaseOptions } from "./doors.ts";
import { imageConfig, imageManifest, mediaTypes, type Base, type ImageParts } from "./image.ts";
import { problemsOf, ProblemsError } from "./problems.ts";
import {
  parseReleaseFile,
  releaseFileName,
  type ImageRecipe,
  type RegistryPlace,
  type ReleaseFile,
} from "./release-file.ts";
import { sourceRepository, type SourceCommit, type SourceRepository } from "./source-repository.ts";
import { versionOf, type Version } from "./version.ts";

/**
 * Releases a commit: builds its images from its tree alone, pushes them under tags from version control, and pins them in
 * the deployment repository by one commit. Doing it again changes nothing. What is wrong with the input comes back as
 * problems; then nothing was pinned.
 */
export async function release(doors: ReleaseDoors, options: ReleaseOptions): Promise<Result<Release>> {
  const onEvent = options.onEvent ?? (() => undefined);
  try {
    const repository = sourceRepository(doors.processes, options.source, options.environment["PATH"] ?? "");
    const commit = await repository.resolve(options.commitish ?? "HEAD");
    const file = withOverrides(await readReleaseFile(repository, commit), options);
    const version = versionOf(commit.id, commit.tags);
    onEvent({ kind: "reading", commit: commit.id, version: version.version });

    const place = registryAt(file, options.source);
    const run: Run = { doors, options, onEvent, repository, commit, version, file, place };
    const images = await releaseImages(run, doors.openRegistry(place), doors.openCache(place));
    const deployment = await deploy(run, images);
    return {
      ok: true,
      value: {
        commit: commit.id,
        version: version.version,
        images,
        deployment: { path: file.deployment.path, ...deployment },
      },
    };
  } catch (error) {
    const problems = problemsOf(error);
    if (problems === undefined) throw error;
    return { ok: false, problems };
  }
}

interface Run {
  readonly doors: ReleaseDoors;
  readonly options: ReleaseOptions;
  readonly onEvent: (event: ReleaseEvent) => void;
  readonly repository: SourceRepository;
  readonly commit: SourceCommit;
  readonly version: Version;
  readonly file: ReleaseFile;
  readonly place: RegistryPlace;
}

/** Pins the images through a mirror that lives only as long as that takes. */
function deploy({ doors, options, onEvent, commit, version, file }: Run, images: readonly ReleasedImage[]) {
  const { deployment, source } = file;
  return doors.files.withTempFolder(async (folder) => {
    const git = await doors.openDeployment(
      repositoryAt(deployment.repository, options.source),
      posix.join(folder, "git"),
    );
    try {
      const released = { commit: commit.id, version: version.version, source, images };
      return await pinDeployment(git, deployment, released, options, onEvent);
    } finally {
      git.close();
    }
  });
}

async function readReleaseFile(repository: SourceRepository, commit: SourceCommit): Promise<ReleaseFile> {
  const tree = await repository.treeAt(commit.id, ".");
  const entry = (await repository.list(tree ?? "")).find(({ path }) => path === releaseFileName);
  const [content] = entry?.mode.startsWith("100") ? await repository.blobs([entry.id]) : [];
  if (content === undefined) {
    throw new ProblemError({
      code: "release-file-missing",
      message: `The commit ${commit.id.slice(0, 12)} has no ${releaseFileName} at its root.`,
      where: { file: releaseFileName },
      remedy:
        "Write one (plumb init makes an example) and commit it: release reads the commit, not the working folder.",
    });
  }
  const parsed = parseReleaseFile(content.toString("utf8"));
  if (!parsed.ok) throw new ProblemsError(parsed.problems);
  return parsed.value;
}

function withOverrides(file: ReleaseFile, { registry, deployment }: ReleaseOptions): ReleaseFile {
  return { ...file, registry: registry ?? file.registry, deployment: { ...file.deployment, ...deployment } };
}

function registryAt({ registry }: ReleaseFile, source: string): RegistryPlace {
  if (registry.kind === "layout") return { ...registry, folder: posix.resolve(source, registry.folder) };
  throw new ProblemError({
    code: "registry-unsupported",
    message: `The registry ${registry.name} is on the network, which this version does not push to.`,
    where: { file: releaseFileName },
    remedy: "Write registry: oci:<folder> for a folder of images.",
  });
}

/** A relative path is one from the application's repository; an address stays as it is. */
function repositoryAt(repository: string, source: string): string {
  return /^\.{1,2}(\/|$)/.test(repository) ? posix.resolve(source, repository) : repository;
}

/** One image after the other, so that what a build says can be followed. */
async function releaseImages(run: Run, registry: Registry, cache: Cache): Promise<readonly ReleasedImage[]> {
  const images: ReleasedImage[] = [];
  const bases = new Map<string, Base>();
  for (const image of run.file.images) {
    run.options.signal?.throwIfAborted();
    const repository = `${run.place.name}/${image.name}`;
    images.push(await releaseImage({ ...run, registry, cache, bases }, image, repository));
  }
  return images;
}

type NamedRecipe = ImageRecipe & { readonly name: string };

interface ImageRun extends Run {
  readonly registry: Registry;
  readonly cache: Cache;
  /** Bases that this release has resolved: what one image pushed, the next one finds. */
  readonly bases: Map<string, Base>;
}

/** Builds and pushes one image, unless this version of it was released before. */
async function releaseImage(run: ImageRun, image: NamedRecipe, repository: string): Promise<ReleasedImage> {
  const { name } = image;
  const { registry } = run;
  const { tag } = run.version;
  const existing = await registry.resolve(repository, tag);
  if (existing !== undefined && !run.options.verify && (await registry.hasManifest(repository, existing))) {
    run.onEvent({ kind: "built", image: name, reused: "image" });
    // A release that was cut off may have come no further than the first tag.
    await tagCommit(run, registry, repository, () => registry.readManifest(repository, existing));
    return { name, repository, tag, digest: existing, pushedBytes: 0 };
  }
  const { parts, pushedBytes } = await buildImage(run, image, repository);
  const config = imageConfig(parts);
  const manifest = imageManifest(parts, config);
  const storedConfig = await registry.putBlob(repository, () => once(config));
  const stored = await registry.putManifest(repository, tag, manifest, mediaTypes.manifest);
  await tagCommit(run, registry, repository, () => Promise.resolve(manifest));
  const bytes = pushedBytes + storedConfig.pushedBytes + stored.pushedBytes;
  run.onEvent({ kind: "pushed", image: name, reference: `${repository}:${tag}@${stored.digest}`, bytes });
  return { name, repository, tag, digest: stored.digest, pushedBytes: bytes };
}

async function buildImage(
  run: ImageRun,
  image: NamedRecipe,
  imageRepository: string,
): Promise<{ readonly parts: ImageParts; readonly pushedBytes: number }> {
  const { doors, registry, cache, options, repository, commit, version, file } = run;
  const tree = await repository.treeAt(commit.id, image.context);
  if (tree === undefined) throw contextMissing(image.name, image.context, commit.id);
  const known = run.bases.get(image.base);
  const base = known ?? (await resolveBase({ ...doors, registry, cache }, image.base, imageRepository));
  run.bases.set(image.base, { ...base, pushedBytes: 0 });
  const build = {
    image,
    tree,
    environment: options.environment,
    onOutput: (text: string) => run.onEvent({ kind: "output", image: image.name, text }),
    onStart: (command: string) => run.onEvent({ kind: "building", image: image.name, command }),
    signal: options.signal,
  };
  const layerDoors = { ...doors, repository, registry, cache };
  const application = await applicationLayers(layerDoors, build, base, imageRepository, options.verify === true);
  run.onEvent({ kind: "built", image: image.name, ...(application.reused ? { reused: "layers" } : {}) });
  return {
    parts: {
      name: image.name,
      base,
      layers: application.layers,
      entrypoint: image.entrypoint,
      version: version.version,
      commit: commit.id,
      built: new Date(commit.committedAt * 1000).toISOString().replace(".000Z", "Z"),
      source: file.source,
    },
    pushedBytes: base.pushedBytes + application.pushedBytes,
  };
}

/**
 * An image of a tagged commit has the full commit id as a second tag, unless the commit was released before it had a
 * version: that image keeps it.
 */
async function tagCommit(
  run: Run,
  registry: Registry,
  repository: string,
  manifest: () => Promise<Buffer>,
): Promise<void> {
  const { commit, version } = run;
  if (version.tag === commit.id || (await registry.resolve(repository, commit.id)) !== undefined) return;
  await registry.putManifest(repository, commit.id, await manifest(), mediaTypes.manifest);
}

async function* once(content: Buffer): AsyncGenerator<Uint8Array> {
  yield content;
}

function contextMissing(image: string, context: string, commit: string): ProblemError {
  return new ProblemError({
    code: "context-missing",
    message: `images.${image}.context: the commit ${commit.slice(0, 12)} has no folder ${context}.`,
    where: { file: releaseFileName },
    remedy: "Correct the context, or commit the folder.",
  });
}
