import { join, resolve } from "node:path";
import { existsSync } from "node:fs";
import type { Git } from "../io/git/git.ts";
import type { StatusDocument } from "../model/status-document.ts";
import { statusText } from "../status/text.ts";
import { aborted } from "./ending.ts";
import { readLog } from "./log-feed.ts";
import { withMirror } from "./temporary-mirror.ts";
import { upRemote } from "./up-file.ts";
import { WorkingCopy } from "./working-copy.ts";
import { exitCodes } from "./world.ts";
import type { World } from "./world.ts";

/** Options of `plumb status`, as the command line gives them. */
export interface StatusCommandOptions {
  /** Default: that of a `plumb up` in this folder, then the folder itself. */
  readonly repository?: string;
  readonly watch?: boolean;
  readonly json?: boolean;
}

/**
 * `plumb status`: what is delivered, read from the delivery log alone; no access to a cluster is needed (behaviour V1). Exit
 * code 0 when everything is healthy, 1 otherwise.
 */
export async function statusCommand(world: World, options: StatusCommandOptions): Promise<number> {
  const url = await remoteOf(world, options.repository ?? hereOrUp(world.cwd));
  return withMirror(world, url, (git) =>
    options.watch === true ? watch(world, git, options) : once(world, git, options),
  );
}

/** In a clone that clone, anywhere else the `plumb up` of this folder. */
function hereOrUp(cwd: string): string {
  return existsSync(join(cwd, ".git")) ? cwd : upRemote(cwd);
}

/** A clone stands for the remote it came from: that is where the engine writes its log. */
async function remoteOf(world: World, repository: string): Promise<string> {
  const folder = resolve(world.cwd, repository);
  if (!existsSync(join(folder, ".git"))) return repository;
  return new WorkingCopy(folder, world.env).git("remote", "get-url", "origin").catch(() => folder);
}

async function once(world: World, git: Git, options: StatusCommandOptions): Promise<number> {
  const document = await readLog(git);
  print(world, document, options);
  return document.applications.every(({ inSync }) => inSync) ? exitCodes.done : exitCodes.failed;
}

/** Prints again whenever the log says something new, until Ctrl-C. */
async function watch(world: World, git: Git, options: StatusCommandOptions): Promise<number> {
  let shown = "";
  let showing = Promise.resolve();
  const show = (): void => {
    showing = showing.then(async () => {
      const document = await readLog(git);
      if (document.generatedAt === shown) return;
      shown = document.generatedAt;
      print(world, document, options);
    });
  };
  const endWatch = git.onLocalPush(show);
  const timer = setInterval(show, 5000);
  show();
  await aborted(world.ending());
  clearInterval(timer);
  endWatch();
  await showing;
  return exitCodes.interrupted;
}

function print(world: World, document: StatusDocument, options: StatusCommandOptions): void {
  if (options.json === true) {
    world.out.line(JSON.stringify(document));
    return;
  }
  const style = world.out.style.bind(world.out);
  world.out.line(statusText(document, { style, nowMs: world.clock.now(), history: 8 }));
}
