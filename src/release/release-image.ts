import type { KeyObject } from "node:crypto";
import type { Cache } from "../io/files/files.ts";
import type { Registry } from "../io/registry/registry.ts";
import { ProblemError } from "../model/problem.ts";
import type { ReleasedImage } from "../model/release.ts";
import { applicationLayers, type ApplicationLayers } from "./application-layers.ts";
import { attach, once, type Subject } from "./attach.ts";
import { placeBase, resolveBase } from "./base.ts";
import type { ReleaseDoors, ReleaseEvent, ReleaseOptions } from "./doors.ts";
import { digestOf, imageConfig, imageIndex, imageManifest, mediaTypes, type Base, type ImageParts } from "./image.ts";
import { provenanceOf, provenancePredicate, provenanceType } from "./provenance.ts";
import { releaseFileName, type ImageRecipe } from "./release-file.ts";
import { lockedPackages, sbomOf, sbomType } from "./sbom.ts";
import { signImage } from "./signature.ts";
import type { SourceCommit, SourceRepository } from "./source-repository.ts";
import type { Version } from "./version.ts";

/** What releasing each image of a commit needs. */
export interface ImageRun {
  readonly doors: ReleaseDoors;
  readonly options: ReleaseOptions;
  readonly onEvent: (event: ReleaseEvent) => void;
  readonly repository: SourceRepository;
  readonly commit: SourceCommit;
  readonly version: Version;
  /** Where people find the source. */
  readonly source: string | undefined;
  readonly registry: Registry;
  readonly openOther: (repository: string) => Registry;
  readonly cache: Cache;
  readonly signKey: KeyObject | undefined;
  /** Bases that this release has resolved: what one image pushed, the next one finds. */
  readonly bases: Map<string, readonly Base[]>;
}

type NamedRecipe = ImageRecipe & { readonly name: string };

/**
 * Builds and pushes one image, unless this version of it was released before. The tag is the last thing that is written:
 * whoever finds it finds everything, and a release that was cut off before it is done again.
 */
export async function releaseImage(run: ImageRun, image: NamedRecipe, target: string): Promise<ReleasedImage> {
  const { name } = image;
  const { registry, onEvent } = run;
  const { tag } = run.version;
  const existing = await registry.resolve(target, tag);
  if (existing !== undefined && !run.options.verify && (await registry.hasManifest(target, existing))) {
    onEvent({ kind: "built", image: name, reused: "image" });
    const signed = await sign(run, target, await describe(registry, target, existing));
    // A release that was cut off may have come no further than the first tag.
    await tagCommit(run, target, () => registry.readManifest(target, existing));
    return { name, repository: target, tag, digest: existing, pushedBytes: signed };
  }
  const built = await buildImage(run, image, target);
  const pushed = await pushImage(run, image, target, built);
  const manifest = pushed.content;
  await registry.putManifest(target, tag, manifest, mediaTypeOf(manifest));
  await tagCommit(run, target, () => Promise.resolve(manifest));
  const digest = digestOf(manifest);
  const bytes = built.pushedBytes + pushed.pushedBytes;
  onEvent({ kind: "pushed", image: name, reference: `${target}:${tag}@${digest}`, bytes });
  return { name, repository: target, tag, digest, pushedBytes: bytes };
}

interface BuiltImage {
  /** The tree that it was built from. */
  readonly tree: string;
  /** One a platform. */
  readonly parts: readonly [ImageParts, ...ImageParts[]];
  readonly pushedBytes: number;
}

/** The layers of an image, all of them in its repository. */
async function buildImage(run: ImageRun, image: NamedRecipe, target: string): Promise<BuiltImage> {
  const { registry, commit, version } = run;
  const tree = await run.repository.treeAt(commit.id, image.context);
  if (tree === undefined) throw contextMissing(image.name, image.context, commit.id);
  const bases =
    run.bases.get(image.base) ??
    (await resolveBase({ ...run.doors, registry, cache: run.cache, openOther: run.openOther }, image.base, target));
  run.bases.set(
    image.base,
    bases.map((base) => ({ ...base, pushedBytes: 0 })),
  );
  let pushedBytes = 0;
  for (const base of bases) pushedBytes += base.pushedBytes + (await placeBase(registry, target, base));
  const { layers, pushedBytes: ownBytes } = await buildLayers(run, image, tree, bases, target);
  const [first, ...others] = bases.map((base): ImageParts => ({
    name: image.name,
    base,
    layers,
    entrypoint: image.entrypoint,
    version: version.version,
    commit: commit.id,
    built: timeOf(commit),
    source: run.source,
  }));
  if (first === undefined) throw new Error(`the base ${image.base} is for no platform`);
  return { tree, parts: [first, ...others], pushedBytes: pushedBytes + ownBytes };
}

async function buildLayers(
  run: ImageRun,
  image: NamedRecipe,
  tree: string,
  bases: readonly Base[],
  target: string,
): Promise<ApplicationLayers> {
  const { doors, registry, cache, options, repository, onEvent } = run;
  const build = {
    image,
    tree,
    environment: options.environment,
    onOutput: (text: string) => onEvent({ kind: "output", image: image.name, text }),
    onStart: (command: string) => onEvent({ kind: "building", image: image.name, command }),
    signal: options.signal,
  };
  const layerDoors = { ...doors, repository, registry, cache };
  const application = await applicationLayers(layerDoors, build, bases, target, options.verify === true);
  onEvent({ kind: "built", image: image.name, ...(application.reused ? { reused: "layers" } : {}) });
  return application;
}

/** Stores manifests and what travels with them, all by digest: nothing has a tag yet. */
async function pushImage(
  run: ImageRun,
  image: NamedRecipe,
  target: string,
  { tree, parts }: BuiltImage,
): Promise<{ readonly content: Buffer; readonly pushedBytes: number }> {
  const { registry } = run;
  let pushedBytes = 0;
  const manifests: Buffer[] = [];
  for (const each of parts) {
    const config = imageConfig(each);
    const manifest = imageManifest(each, config);
    manifests.push(manifest);
    pushedBytes += (await registry.putBlob(target, () => once(config))).pushedBytes;
    pushedBytes += (await registry.putManifest(target, undefined, manifest, mediaTypes.manifest)).pushedBytes;
  }
  const [only = Buffer.alloc(0)] = manifests;
  const content = parts.length === 1 ? only : imageIndex(parts, manifests);
  const type = mediaTypeOf(content);
  if (parts.length > 1) pushedBytes += (await registry.putManifest(target, undefined, content, type)).pushedBytes;
  const subject = { mediaType: type, digest: digestOf(content), size: content.length };
  pushedBytes += await describeImage(run, image, target, subject, parts, tree);
  return { content, pushedBytes: pushedBytes + (await sign(run, target, subject)) };
}

/** The SBOM and the provenance of an image. */
async function describeImage(
  run: ImageRun,
  image: NamedRecipe,
  target: string,
  subject: Subject,
  parts: BuiltImage["parts"],
  tree: string,
): Promise<number> {
  const [first] = parts;
  const bases = parts.map(({ base }) => base.name);
  const sbom = sbomOf(first, bases, await lockedPackages(run.repository, tree));
  const provenance = provenanceOf(target, subject, first, image, bases);
  const created = first.built;
  const predicate = { "in-toto.io/predicate-type": provenancePredicate };
  return (
    (await attach(run.registry, target, subject, {
      artifactType: sbomType,
      mediaType: sbomType,
      content: sbom,
      created,
    })) +
    (await attach(run.registry, target, subject, {
      artifactType: provenanceType,
      mediaType: provenanceType,
      content: provenance,
      annotations: predicate,
      created,
    }))
  );
}

async function sign({ registry, signKey, commit }: ImageRun, target: string, subject: Subject): Promise<number> {
  return signKey === undefined ? 0 : signImage(registry, target, subject, signKey, timeOf(commit));
}

async function describe(registry: Registry, target: string, digest: string): Promise<Subject> {
  const content = await registry.readManifest(target, digest);
  return { mediaType: mediaTypeOf(content), digest, size: content.length };
}

/**
 * An image of a tagged commit has the full commit id as a second tag, unless the commit was released before it had a
 * version: that image keeps it.
 */
async function tagCommit(run: ImageRun, target: string, manifest: () => Promise<Buffer>): Promise<void> {
  const { registry, commit, version } = run;
  if (version.tag === commit.id || (await registry.resolve(target, commit.id)) !== undefined) return;
  const content = await manifest();
  await registry.putManifest(target, commit.id, content, mediaTypeOf(content));
}

/** An index says that it is one; what release wrote before it wrote indexes are manifests. */
function mediaTypeOf(manifest: Buffer): string {
  const { mediaType } = JSON.parse(manifest.toString("utf8")) as { mediaType?: unknown };
  return typeof mediaType === "string" ? mediaType : mediaTypes.manifest;
}

/** The clock of the building machine has no part in an image. */
function timeOf({ committedAt }: SourceCommit): string {
  return new Date(committedAt * 1000).toISOString().replace(".000Z", "Z");
}

function contextMissing(image: string, context: string, commit: string): ProblemError {
  return new ProblemError({
    code: "context-missing",
    message: `images.${image}.context: the commit ${commit.slice(0, 12)} has no folder ${context}.`,
    where: { file: releaseFileName },
    remedy: "Correct the context, or commit the folder.",
  });
}
