import { posix } from "node:path";
import { ProblemError, type Result } from "../model/problem.ts";
import type { Release, ReleasedImage } from "../model/release.ts";
import type { Registry } from "../io/registry/registry.ts";
import { pinDeployment } from "./deployment.ts";
import type { ReleaseDoors, ReleaseEvent, ReleaseOptions } from "./doors.ts";
import { problemsOf, ProblemsError } from "./problems.ts";
import { parseReleaseFile, releaseFileName, type RegistryPlace, type ReleaseFile } from "./release-file.ts";
import { releaseImage, type ImageRun } from "./release-image.ts";
import { signingKey } from "./signature.ts";
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

    const place = placeAt(file.registry, options.source);
    const run: Run = { doors, options, onEvent, repository, commit, version, file, place };
    const images = await releaseImages(run);
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

/** A folder of images is named from the application's repository. */
function placeAt(place: RegistryPlace, source: string): RegistryPlace {
  return place.kind === "layout" ? { ...place, folder: posix.resolve(source, place.folder) } : place;
}

/** A relative path is one from the application's repository; an address stays as it is. */
function repositoryAt(repository: string, source: string): string {
  return /^\.{1,2}(\/|$)/.test(repository) ? posix.resolve(source, repository) : repository;
}

/** One image after the other, so that what a build says can be followed. */
async function releaseImages({ file, place, ...run }: Run): Promise<readonly ReleasedImage[]> {
  const { doors, options, onEvent } = run;
  const open = (at: RegistryPlace): Registry =>
    doors.openRegistry(at, (progress) => onEvent({ kind: "pushing", ...progress }));
  const signKey = options.signKey === undefined ? undefined : signingKey(options.signKey);
  const imageRun: ImageRun = {
    ...run,
    signKey,
    source: file.source,
    registry: open(place),
    openOther: (name) => open({ kind: "network", name, insecure: false }),
    cache: doors.openCache(place),
    bases: new Map(),
  };
  const images: ReleasedImage[] = [];
  for (const image of file.images) {
    options.signal?.throwIfAborted();
    images.push(await releaseImage(imageRun, image, `${place.name}/${image.name}`));
  }
  return images;
}
