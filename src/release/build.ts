import type { Files, NewEntry } from "../io/files/files.ts";
import type { Processes } from "../io/process/process.ts";
import { ProblemError } from "../model/problem.ts";
import type { ImageRecipe } from "./release-file.ts";
import type { SourceEntry, SourceRepository } from "./source-repository.ts";
import { posix } from "node:path";

/** What building one image needs. */
export interface Build {
  readonly image: ImageRecipe & { readonly name: string };
  /** The tree of the image's context. */
  readonly tree: string;
  readonly environment: { readonly [name: string]: string };
  readonly onStart: (command: string) => void;
  readonly onOutput: (text: string) => void;
  readonly signal: AbortSignal | undefined;
}

interface BuildDoors {
  readonly processes: Processes;
  readonly files: Files;
  readonly repository: SourceRepository;
}

/** How much of what a failed build said is repeated. */
const tailLines = 20;

/**
 * Writes the context's tree into a fresh folder, runs the build command there, and hands the folder to `use`. The command
 * sees that tree and the variables it is given: nothing of the commit or the clock, so the same tree builds the same.
 */
export async function withBuiltFolder<T>(
  { processes, files, repository }: BuildDoors,
  build: Build,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const entries = await contentsOf(repository, build.tree, build.image.context);
  return files.withTempFolder(async (temp) => {
    const folder = posix.join(temp, "context");
    await files.write(temp, [{ kind: "file", path: "home/.keep", content: Buffer.alloc(0), executable: false }]);
    await files.write(
      temp,
      entries.map((entry) => ({ ...entry, path: `context/${entry.path}` })),
    );
    const { build: command } = build.image;
    if (command !== undefined) {
      build.onStart(command);
      const finished = await processes.run({
        file: "sh",
        args: ["-c", command],
        cwd: folder,
        env: { ...fixedVariables, ...build.environment, HOME: posix.join(temp, "home") },
        onOutput: build.onOutput,
        ...(build.signal ? { signal: build.signal } : {}),
      });
      build.signal?.throwIfAborted();
      if (finished.code !== 0) {
        throw buildFailed(build.image, command, finished.code, finished.signal, tail(finished.stdout, finished.stderr));
      }
    }
    return use(folder);
  });
}

const fixedVariables = {
  CI: "true",
  LC_ALL: "C",
  TZ: "UTC",
  SOURCE_DATE_EPOCH: "0",
  npm_config_audit: "false",
  npm_config_fund: "false",
  npm_config_update_notifier: "false",
} as const;

async function contentsOf(repository: SourceRepository, tree: string, context: string): Promise<readonly NewEntry[]> {
  const listed = await repository.list(tree);
  for (const entry of listed) refuseUnsafe(entry, context);
  const contents = await repository.blobs(listed.map((entry) => entry.id));
  return listed.map(({ path, mode }, index): NewEntry => {
    const content = contents[index] ?? Buffer.alloc(0);
    if (mode !== "120000") return { kind: "file", path, content, executable: mode === "100755" };
    const target = content.toString("utf8");
    if (leaves(path, target)) throw unsafe(context, path, `is a symbolic link that leaves the context, to ${target}`);
    return { kind: "link", path, target };
  });
}

function refuseUnsafe({ path, mode }: SourceEntry, context: string): void {
  if (mode === "160000") throw unsafe(context, path, "is a submodule, whose source is not in this commit");
  if (path.split("/").some((part) => part === "" || part === "." || part === ".." || part.toLowerCase() === ".git")) {
    throw unsafe(context, path, "has a name that no checkout may have");
  }
}

/** True when a link at `path` points out of the folder that all paths are relative to. */
export function leaves(path: string, target: string): boolean {
  if (posix.isAbsolute(target)) return true;
  const to = posix.join(posix.dirname(path), target);
  return to === ".." || to.startsWith("../");
}

function unsafe(context: string, path: string, why: string): ProblemError {
  return new ProblemError({
    code: "source-unsafe",
    message: `The source cannot be built: it ${why}.`,
    where: { file: posix.join(context, path) },
    remedy: "Take it out of the context, or put the content itself there.",
  });
}

function tail(stdout: Buffer, stderr: string): string {
  const lines = `${stdout.toString("utf8")}\n${stderr}`.split("\n").filter((line) => line.trim() !== "");
  return lines.slice(-tailLines).join("\n");
}

function buildFailed(
  image: { readonly name: string },
  command: string,
  code: number | null,
  signal: string | null,
  said: string,
): ProblemError {
  const how = code === null ? `was ended by ${signal ?? "the system"}` : `ended with code ${code}`;
  return new ProblemError({
    code: "build-failed",
    message: `The build of ${image.name}, "${command}", ${how}${said === "" ? " without a word" : `:\n${said}\n`}`,
    where: { file: "release.yaml" },
    remedy: `Run the command in a fresh checkout of the commit; only what is committed below the context is there.`,
  });
}
