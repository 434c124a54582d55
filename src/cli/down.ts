import { existsSync, watch } from "node:fs";
import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { ProblemError } from "../model/problem.ts";
import { isUp, runningUp } from "./up-file.ts";
import { exitCodes } from "./world.ts";
import type { World } from "./world.ts";

/** Options of `plumb down`, parsed. */
export interface DownCommandOptions {
  readonly folder: string;
  readonly purge?: boolean;
}

/** An `up` that was asked to end has this long, in milliseconds. */
const patienceMs = 60_000;

/** `plumb down`: ends a running `plumb up` and waits for its end. Where none runs it says so, and that is no failure. */
export async function downCommand(world: World, options: DownCommandOptions): Promise<number> {
  const folder = resolve(world.cwd, options.folder);
  const up = runningUp(folder);
  if (up) {
    const step = world.err.step(`end plumb up (process ${up.pid})`);
    process.kill(up.pid, "SIGTERM");
    if (!(await ended(folder, up.pid))) {
      step.failed("");
      throw new ProblemError({
        code: "still-up",
        message: `plumb up (process ${up.pid}) has not ended within ${patienceMs / 1000} s`,
        remedy: `look at what it printed; kill -9 ${up.pid} ends it and everything it started`,
      });
    }
    step.done("");
  } else {
    world.out.line(`nothing is up in ${folder}`);
  }
  if (options.purge === true) await purge(world, folder);
  return exitCodes.done;
}

/** Looks whenever the folder changes, and now and then in case that is not told. */
function ended(folder: string, pid: number): Promise<boolean> {
  return new Promise((resolve) => {
    const finish = (answer: boolean): void => {
      clearInterval(poll);
      clearTimeout(limit);
      watcher.close();
      resolve(answer);
    };
    const look = (): void => {
      if (!isUp(pid)) finish(true);
    };
    const watcher = watch(folder, look);
    const poll = setInterval(look, 100);
    const limit = setTimeout(() => finish(false), patienceMs);
    look();
  });
}

/** Removes the folder, and only one that `plumb up` made. */
async function purge(world: World, folder: string): Promise<void> {
  if (!existsSync(folder)) return;
  const ours = ["git", "workshop.json", "cluster.log"].some((name) => existsSync(join(folder, name)));
  if (!ours || existsSync(join(folder, ".git"))) {
    throw new ProblemError({
      code: "not-ours",
      message: `${folder} does not look like what \`plumb up\` makes, so it was not removed`,
      remedy: "name the right one with --folder, or remove it yourself",
    });
  }
  await rm(folder, { recursive: true, force: true });
  world.out.line(`removed ${folder}`);
}
