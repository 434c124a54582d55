import { mkdir, rm, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Container } from "kubernetes-types/core/v1.js";
import type { ContainerLog } from "./container-log.ts";
import { type Command, commandLine, placeCommand, type PlaceOptions } from "./command.ts";
import { type ContainerCommands, containerCommands } from "./container-commands.ts";
import { ContainerConfigError, containerEnvironment } from "./environment.ts";
import type { Image } from "./image-store.ts";
import { resolveInside } from "./inside.ts";
import type { PodContext } from "./pod-context.ts";
import { type RunningProcess, startProcess } from "./process.ts";

/** A folder of this machine that a container finds at a path of its own. */
export interface Mount {
  readonly mountPath: string;
  readonly folder: string;
}

/** A container that runs, with what it takes to run something else in it. */
export interface StartedContainer {
  readonly process: RunningProcess;
  readonly commands: ContainerCommands;
}

/**
 * The variables of a container. Throws ContainerConfigError when they, or the user to run as, cannot be had now.
 */
export function containerVariables(
  container: Container,
  image: Image,
  context: PodContext,
): { readonly environment: Readonly<Record<string, string>>; readonly words: readonly string[] } {
  refuseRoot(container, image, context);
  const own = containerEnvironment(context.pod(), container, context);
  const fromImage = Object.fromEntries((image.config.Env ?? []).map(splitVariable));
  const environment = { HOSTNAME: context.pod().metadata.name ?? "", ...fromImage, ...own };
  const words = commandLine(container, image.config, own);
  if (words.length === 0) throw new ContainerConfigError("no command specified");
  return { environment: { ...environment, ...context.addressVariables(environment) }, words };
}

function splitVariable(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

/** runAsNonRoot is checked as the kubelet does, though the process runs as the user of this machine all the same. */
function refuseRoot(container: Container, image: Image, context: PodContext): void {
  const pod = context.pod();
  const both = { ...pod.spec.securityContext, ...container.securityContext };
  if (both.runAsNonRoot !== true) return;
  const user = image.config.User?.split(":")[0] ?? "";
  const at = `(pod: "${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})", container: ${container.name})`;
  if (both.runAsUser === 0) {
    throw new ContainerConfigError(`container's runAsUser breaks non-root policy ${at}`);
  }
  if (both.runAsUser !== undefined) return;
  if (user === "" || user === "0") {
    throw new ContainerConfigError(`container has runAsNonRoot and image will run as root ${at}`);
  }
  if (!/^\d+$/.test(user)) {
    const why = `container has runAsNonRoot and image has non-numeric user (${user}), cannot verify user is non-root`;
    throw new ContainerConfigError(`${why} ${at}`);
  }
}

/** Starts the container's program in a fresh root file system at `root`. Rejects when it cannot be started. */
export async function startContainer(options: {
  readonly container: Container;
  readonly image: Image;
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
  readonly root: string;
  readonly log: ContainerLog;
  readonly context: PodContext;
}): Promise<StartedContainer> {
  const { container, image, words, environment, mounts, root, log, context } = options;
  await rm(root, { recursive: true, force: true });
  await context.images.compose(image, root);
  for (const mount of mounts) await placeMount(root, mount);
  const workingDir = container.workingDir ?? (image.config.WorkingDir || "/");
  const place: PlaceOptions = { root, workingDir, environment };
  const command: Command = await placeCommand(words, place);
  const process = await startProcess(command);
  log.take(process.stdout, "stdout");
  log.take(process.stderr, "stderr");
  return { process, commands: containerCommands(place) };
}

/** A mount is a link in the root file system: what is below it in the image is hidden. */
async function placeMount(root: string, { mountPath, folder }: Mount): Promise<void> {
  const parent = await resolveInside(root, dirname(mountPath));
  await mkdir(parent, { recursive: true });
  const place = join(parent, basename(mountPath));
  await rm(place, { recursive: true, force: true });
  await symlink(folder, place);
}
