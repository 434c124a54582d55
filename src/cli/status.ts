import type { Git } from "../io/git/git.ts";
import type { StatusDocument } from "../model/status-document.ts";
import { statusText } from "../status/text.ts";
import { deliveryRemote } from "./delivery-remote.ts";
import { aborted } from "./ending.ts";
import { readLog } from "./log-feed.ts";
import { withMirror } from "./temporary-mirror.ts";
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
  const url = await deliveryRemote(world, options.repository);
  return withMirror(world, url, (git) =>
    options.watch === true ? watch(world, git, options) : once(world, git, options),
  );
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
