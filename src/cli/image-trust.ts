import { join, resolve } from "node:path";
import type { ImageTrust } from "../engine/signed-images.ts";
import { readTexts } from "../io/files/read-texts.ts";
import { systemProcesses } from "../io/process/system-processes.ts";
import { networkRegistry } from "../io/registry/network/network-registry.ts";
import { ProblemError } from "../model/problem.ts";
import type { Result } from "../model/problem.ts";
import { imageKeys } from "../pins/image-key.ts";
import type { ImageKey } from "../pins/image-key.ts";
import type { EngineCommandOptions } from "./engine.ts";
import type { World } from "./world.ts";

/** A request for a signature, which has some kilobytes at most, may take this long. */
const requestMs = 5000;

/**
 * Whose signatures of images count, read anew at each use; undefined where no keys are given. Rejects with `ProblemError` where
 * they cannot be used, so that an engine does not start that could deliver nothing.
 */
export async function imageTrustOf(
  world: World,
  {
    allowedImageKeys,
    requireSignedImages,
    registryCredentials,
    insecureRegistry = [],
  }: Pick<
    EngineCommandOptions,
    "allowedImageKeys" | "requireSignedImages" | "registryCredentials" | "insecureRegistry"
  >,
): Promise<ImageTrust | undefined> {
  if (allowedImageKeys === undefined) {
    if (requireSignedImages !== true) return undefined;
    throw new ProblemError({
      code: "image-keys-missing",
      message: "Signed images are required, and no key may sign them.",
      remedy: "Give --allowed-image-keys as well.",
    });
  }
  const path = resolve(world.cwd, allowedImageKeys);
  const keys = (): Promise<Result<readonly ImageKey[]>> => readKeys(path);
  const read = await keys();
  const [wrong] = read.ok ? [] : read.problems;
  if (wrong) throw new ProblemError(wrong);
  const folder = registryCredentials === undefined ? undefined : resolve(world.cwd, registryCredentials);
  // A folder that is not there would be taken for one without accounts.
  if (folder !== undefined) await readTexts(join(folder, "config.json"));
  const registry = networkRegistry({
    location: "the registries of images",
    clock: world.clock,
    random: world.random,
    processes: systemProcesses,
    environment: { ...world.env, ...(folder === undefined ? {} : { DOCKER_CONFIG: folder }) },
    // What does not answer now is asked again by a later pass.
    attempts: 2,
    requestMs,
    insecure: insecureRegistry,
  });
  return { keys, registry, always: requireSignedImages === true };
}

async function readKeys(path: string): Promise<Result<readonly ImageKey[]>> {
  try {
    return imageKeys(await readTexts(path));
  } catch (error) {
    if (error instanceof ProblemError) return { ok: false, problems: [error.problem] };
    throw error;
  }
}
