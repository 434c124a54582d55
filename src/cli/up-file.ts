import { existsSync, readFileSync } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ProblemError } from "../model/problem.ts";

/** What a running `plumb up` says of itself in `up.json`; the addresses are absent while it is still setting up. */
export interface UpFile {
  readonly pid: number;
  readonly ready?: {
    readonly statusUrl: string;
    readonly ingressUrl: string;
    readonly kubeconfigPath: string;
    readonly deployment: string;
    readonly application: string;
  };
}

/** The running `plumb up` of a folder; undefined where none runs, whatever one that was killed has left. */
export function runningUp(folder: string): UpFile | undefined {
  const file = join(folder, "up.json");
  if (!existsSync(file)) return undefined;
  let up: UpFile;
  try {
    up = JSON.parse(readFileSync(file, "utf8")) as UpFile;
  } catch {
    return undefined;
  }
  return isUp(up.pid) ? up : undefined;
}

/** Takes the folder for this process, or says who has it. */
export async function takeFolder(folder: string): Promise<void> {
  const file = join(folder, "up.json");
  const text = JSON.stringify({ pid: process.pid } satisfies UpFile);
  try {
    await writeFile(file, text, { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const other = runningUp(folder);
    if (other) {
      throw new ProblemError({
        code: "already-up",
        message: `plumb up runs in ${folder} already (process ${other.pid}${other.ready ? `, page ${other.ready.statusUrl}` : ""})`,
        remedy: "use that one, end it with `plumb down`, or choose another folder with --folder",
      });
    }
    await rm(file, { force: true });
    await takeFolder(folder);
  }
}

/** Tells others where everything is. */
export async function announce(folder: string, ready: UpFile["ready"] & object): Promise<void> {
  const next = join(folder, "up.json.new");
  await writeFile(next, `${JSON.stringify({ pid: process.pid, ready } satisfies UpFile, undefined, 2)}\n`);
  await rename(next, join(folder, "up.json"));
}

/** Gives the folder back. */
export async function leaveFolder(folder: string): Promise<void> {
  await rm(join(folder, "up.json"), { force: true });
}

/** True while a process of this id runs that is a `plumb up` as far as the machine tells: ids are used again. */
export function isUp(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes("up");
  } catch {
    return true;
  }
}

/** True where a `plumb up` runs or ran in `cwd` and left its repositories there. */
export function hasUpRemote(cwd: string): boolean {
  return existsSync(upRemotePath(cwd));
}

/** The deployment repository of the `plumb up` that runs or ran in `cwd`. */
export function upRemote(cwd: string): string {
  if (hasUpRemote(cwd)) return upRemotePath(cwd);
  throw new ProblemError({
    code: "repository-not-named",
    message: `no \`plumb up\` has been in ${cwd}, so no deployment repository is known here`,
    remedy: "name it with --repository",
  });
}

function upRemotePath(cwd: string): string {
  return join(cwd, ".plumb", "git", "deployment.git");
}
