import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { folderCache } from "../io/files/folder-cache.ts";
import { findHostRuntime } from "../io/files/host-runtime.ts";
import { systemFiles } from "../io/files/system-files.ts";
import { openMirror } from "../io/git/mirror.ts";
import { systemProcesses } from "../io/process/system-processes.ts";
import { networkRegistry } from "../io/registry/network/network-registry.ts";
import { ociLayout } from "../io/registry/oci-layout.ts";
import { ProblemError } from "../model/problem.ts";
import type { Release } from "../model/release.ts";
import { shortId } from "../model/revision.ts";
import { buildEnvironment } from "../release/build-environment.ts";
import type { ReleaseDoors, ReleaseEvent } from "../release/doors.ts";
import { release } from "../release/release.ts";
import { registryPlace } from "../release/release-file.ts";
import type { RegistryPlace } from "../release/release-file.ts";
import { Interrupted } from "./ending.ts";
import { tellProblems, tellProgress, tellReady } from "./lifeline.ts";
import { printProblems } from "./report.ts";
import { exitCodes } from "./world.ts";
import type { World } from "./world.ts";

/** Options of `plumb release`, as the command line gives them. */
export interface ReleaseCommandOptions {
  readonly source: string;
  readonly registry?: string;
  readonly deployment?: string;
  readonly path?: string;
  /** A private SSH key to sign the deployment commit with. */
  readonly signingKey?: string;
  readonly json?: boolean;
  readonly verify?: boolean;
  /** The file of a private key, PEM, to sign the images with. */
  readonly signImages?: string;
}

/** `plumb release [commit]`: from a commit to images and one commit in the deployment repository. */
export async function releaseCommand(
  world: World,
  commitish: string | undefined,
  options: ReleaseCommandOptions,
): Promise<number> {
  const signal = world.ending();
  const result = await release(doors(world, options, signal), {
    source: resolve(world.cwd, options.source),
    ...(commitish === undefined ? {} : { commitish }),
    author: {
      name: world.env["GIT_AUTHOR_NAME"] ?? "Plumbline",
      email: world.env["GIT_AUTHOR_EMAIL"] ?? "release@plumbline.dev",
    },
    now: () => world.clock.now(),
    environment: buildEnvironment(world.env),
    ...(options.registry === undefined ? {} : { registry: absolute(registryPlace(options.registry), world.cwd) }),
    deployment: {
      ...(options.deployment === undefined ? {} : { repository: options.deployment }),
      ...(options.path === undefined ? {} : { path: options.path }),
    },
    ...(options.verify === true ? { verify: true } : {}),
    ...(options.signImages === undefined ? {} : { signKey: await readKey(resolve(world.cwd, options.signImages)) }),
    signal,
    onEvent: (event) => {
      const text = sentence(event);
      if (text === undefined) return;
      world.err.line(world.err.style("quiet", text));
      tellProgress(text);
    },
  });
  if (signal.aborted) throw new Interrupted();
  if (!result.ok) {
    await tellProblems(result.problems);
    printProblems(world, result.problems);
    return exitCodes.failed;
  }
  if (options.json === true) world.out.line(JSON.stringify(result.value));
  else printRelease(world, result.value);
  await tellReady(result.value);
  return exitCodes.done;
}

function doors(world: World, { signingKey }: ReleaseCommandOptions, signal: AbortSignal): ReleaseDoors {
  return {
    processes: systemProcesses,
    files: systemFiles,
    hostRuntime: (programs) => findHostRuntime(systemProcesses, programs),
    openRegistry: (place, onProgress) => {
      if (place.kind === "layout") return ociLayout(place.folder);
      return networkRegistry({
        location: place.name,
        clock: world.clock,
        random: world.random,
        processes: systemProcesses,
        environment: world.env,
        insecure: place.insecure ? [place.name.split("/", 1)[0] ?? ""] : [],
        onProgress,
        signal,
      });
    },
    openCache: (place) => folderCache(place.kind === "layout" ? join(place.folder, "cache") : cacheFolder(world)),
    openDeployment: (url, folder) =>
      openMirror({
        url,
        folder,
        environment: world.env,
        ...(signingKey === undefined ? {} : { signingKey: resolve(world.cwd, signingKey) }),
      }),
  };
}

/** What was built for registries on the network is remembered on this machine, and asked for there. */
function cacheFolder({ env, cwd }: World): string {
  const home = env["XDG_CACHE_HOME"] || join(env["HOME"] ?? cwd, ".cache");
  return join(home, "plumbline", "layers");
}

/** The signing key of a file; what it holds is never shown. */
async function readKey(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new ProblemError({
      code: "sign-key-unreadable",
      message: `The signing key cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown"})`,
      where: { file: path },
      remedy: "name the file of a private key, PEM, with --sign-images",
    });
  }
}

function absolute(place: RegistryPlace, cwd: string): RegistryPlace {
  return place.kind === "layout" ? { ...place, folder: resolve(cwd, place.folder) } : place;
}

/** Smaller blobs are there before one has read that they are on their way. */
const largeBytes = 8 * 1024 * 1024;

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

function shortDigest(digest: string): string {
  return digest.slice(0, "sha256:".length + 12);
}

function sentence(event: ReleaseEvent): string | undefined {
  switch (event.kind) {
    case "reading":
      return `releasing ${event.version} (${shortId(event.commit)})`;
    case "building":
      return `${event.image}: ${event.command}`;
    case "output":
      return undefined;
    case "built":
      return `${event.image}: ${event.reused === undefined ? "built" : "nothing to build, the same source was built before"}`;
    case "pushing":
      return event.size < largeBytes
        ? undefined
        : `${event.repository}: ${shortDigest(event.digest)} ${megabytes(event.sent)} of ${megabytes(event.size)} MB`;
    case "pushed":
      return `${event.image}: ${event.reference} (${event.bytes} bytes new)`;
    case "raced":
      return `${event.branch} moved meanwhile; pinning again on top of it (try ${event.attempt})`;
    case "pinned":
      return `pinned in ${event.places.join(", ")}`;
    case "unchanged":
      return `${event.path} pins these images already`;
  }
}

function printRelease(world: World, { version, commit, images, deployment }: Release): void {
  for (const { repository, tag, digest } of images) world.out.line(`${repository}:${tag}@${digest}`);
  const pin = deployment.commit === undefined ? "was up to date" : `pinned by ${shortId(deployment.commit)}`;
  world.out.line(`released ${version} (${shortId(commit)}); ${deployment.path} ${pin}`);
}
