import { mkdir, stat } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import type { Container } from "kubernetes-types/core/v1.js";
import { expandVariables, type Variables } from "./environment.ts";
import type { ImageConfig } from "./image-store.ts";
import { resolveInside } from "./inside.ts";
import { isProgram, launchWords } from "./launch.ts";

/** What to start: absolute paths of this machine. */
export interface Command {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly environment: Variables;
}

/** Where commands of a container run: its root is a folder of this machine. */
export interface Place {
  readonly root: string;
  readonly workingDir: string;
  readonly environment: Variables;
}

const usualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The words of a container's command line: command and args, else the image's. */
export function commandLine(container: Container, image: ImageConfig, variables: Variables): readonly string[] {
  const expand = (word: string) => expandVariables(word, variables);
  const { command = [], args = [] } = container;
  if (command.length > 0) return [...command, ...args].map(expand);
  return [...(image.Entrypoint ?? []), ...(args.length > 0 ? args.map(expand) : (image.Cmd ?? []))];
}

/**
 * A command line as this machine must run it: the program is looked for in the image and then on the machine, and started by
 * the image's own loader where it has one; arguments that are absolute paths of files in the image become paths of these.
 * Rejects, as a container runtime, when it is nowhere.
 */
export async function placeCommand([program = "", ...rest]: readonly string[], place: Place): Promise<Command> {
  const { root, workingDir, environment } = place;
  const cwd = await resolveInside(root, workingDir);
  const scratch = await resolveInside(root, "/tmp");
  await mkdir(cwd, { recursive: true });
  await mkdir(scratch, { recursive: true });
  const declared = environment["PATH"];
  const inside = (declared ?? usualPath).split(":");
  const machine = [...(process.env["PATH"] ?? "").split(":"), ...usualPath.split(":")];
  const within = inside.map((folder) => join(root, folder));
  const path = [...within, ...(declared?.split(":") ?? []), dirname(process.execPath), ...machine];
  return {
    argv: [
      ...(await programWords(program, root, relative(root, cwd), inside, machine)),
      ...(await Promise.all(rest.map((word) => argumentPath(word, root)))),
    ],
    cwd,
    environment: { HOME: root, TMPDIR: scratch, ...environment, PATH: [...new Set(path)].join(":") },
  };
}

async function programWords(
  program: string,
  root: string,
  workingDir: string,
  inside: readonly string[],
  machine: readonly string[],
): Promise<readonly string[]> {
  const isPath = program.includes("/");
  // A path is relative to the working directory; the machine's own comes last, as /bin/sh for an image without one.
  const folders = isPath ? [program.startsWith("/") ? "" : workingDir] : inside;
  for (const folder of folders) {
    const path = join(folder, program);
    const found = await resolveInside(root, path);
    if (await isProgram(found)) return launchWords(found, join(root, path), root);
  }
  if (program === "node") return [process.execPath];
  const outside = isPath ? [program] : machine.map((folder) => join(folder, program));
  for (const found of outside) if (found.startsWith("/") && (await isProgram(found))) return [found];
  const why = isPath ? `stat ${program}: no such file or directory` : "executable file not found in $PATH";
  throw new Error(`exec: "${program}": ${why}`);
}

async function argumentPath(word: string, root: string): Promise<string> {
  if (!word.startsWith("/") || word.includes("\0")) return word;
  const inside = await resolveInside(root, word);
  return (await stat(inside).catch(() => undefined))?.isFile() ? inside : word;
}
