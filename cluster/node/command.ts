import { access, constants, mkdir, stat } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import type { Container } from "kubernetes-types/core/v1.js";
import { expandVariables } from "./environment.ts";
import type { ImageConfig } from "./image-store.ts";
import { resolveInside } from "./inside.ts";

/** What to start: absolute paths of this machine. */
export interface Command {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** The program of a container or probe is nowhere; the message ends as the container runtime's does. */
export class ProgramNotFound extends Error {}

/** The words of a container's command line: command and args, else the image's. */
export function commandLine(
  container: Container,
  image: ImageConfig,
  variables: Readonly<Record<string, string>>,
): readonly string[] {
  const expand = (word: string) => expandVariables(word, variables);
  if (container.command?.length) return [...container.command, ...(container.args ?? [])].map(expand);
  return [...(image.Entrypoint ?? []), ...(container.args?.length ? container.args.map(expand) : (image.Cmd ?? []))];
}

/**
 * A command line as this machine must run it, for which the image's root is the folder `root`: the program is looked for
 * in the image and then on the machine; arguments that are absolute paths of files in the image become paths of these.
 */
export async function placeCommand(
  words: readonly string[],
  { root, workingDir, environment }: PlaceOptions,
): Promise<Command> {
  const cwd = await resolveInside(root, workingDir);
  await mkdir(cwd, { recursive: true });
  const [program = "", ...rest] = words;
  const path = await programPath(program, { root, cwd, path: environment["PATH"] });
  const argv = [path, ...(await Promise.all(rest.map((word) => argumentPath(word, root))))];
  return { argv, cwd, environment: await machineEnvironment(environment, root) };
}

/** The root and what the container sets. */
export interface PlaceOptions {
  readonly root: string;
  readonly workingDir: string;
  readonly environment: Readonly<Record<string, string>>;
}

const usualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

async function programPath(
  program: string,
  { root, cwd, path }: { readonly root: string; readonly cwd: string; readonly path: string | undefined },
): Promise<string> {
  if (program.includes("/")) {
    // A path is relative to the working directory; the machine's own comes last, as /bin/sh for an image without one.
    const inside = await resolveInside(root, program.startsWith("/") ? program : join(relative(root, cwd), program));
    for (const candidate of program.startsWith("/") ? [inside, program] : [inside]) {
      if (await isProgram(candidate)) return candidate;
    }
    throw new ProgramNotFound(`exec: "${program}": stat ${program}: no such file or directory`);
  }
  for (const folder of (path ?? usualPath).split(":")) {
    const inside = await resolveInside(root, join(folder, program));
    if (await isProgram(inside)) return inside;
  }
  if (program === "node") return process.execPath;
  for (const folder of [...(process.env["PATH"] ?? "").split(":"), ...usualPath.split(":")]) {
    if (folder.startsWith("/") && (await isProgram(join(folder, program)))) return join(folder, program);
  }
  throw new ProgramNotFound(`exec: "${program}": executable file not found in $PATH`);
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

async function argumentPath(word: string, root: string): Promise<string> {
  if (!word.startsWith("/") || word.includes("\0")) return word;
  const inside = await resolveInside(root, word);
  const isFile = await stat(inside).then(
    (found) => found.isFile(),
    () => false,
  );
  return isFile ? inside : word;
}

/** The container's variables, with search path, home and scratch folder as a process of this machine needs them. */
async function machineEnvironment(
  environment: Readonly<Record<string, string>>,
  root: string,
): Promise<Readonly<Record<string, string>>> {
  const declared = environment["PATH"];
  const inside = (declared ?? usualPath).split(":").map((folder) => join(root, folder));
  const there = await Promise.all(
    inside.map((folder) =>
      access(folder).then(
        () => true,
        () => false,
      ),
    ),
  );
  const machine = [dirname(process.execPath), ...(process.env["PATH"] ?? usualPath).split(":")];
  const path = [...inside.filter((_, at) => there[at]), ...(declared?.split(":") ?? []), ...machine];
  const scratch = await resolveInside(root, "/tmp");
  await mkdir(scratch, { recursive: true });
  return { HOME: root, TMPDIR: scratch, ...environment, PATH: [...new Set(path)].join(":") };
}
