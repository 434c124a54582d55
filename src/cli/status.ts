import { ProblemError } from "../model/problem.ts";
import { statusText } from "../status/text.ts";
import { deliveryRemote } from "./delivery-remote.ts";
import { readLog } from "./log-feed.ts";
import { printProblems } from "./report.ts";
import { withMirror } from "./temporary-mirror.ts";
import { watchStatus } from "./watch-status.ts";
import { exitCodes } from "./world.ts";
import type { World } from "./world.ts";

/** Options of `plumb status`, as the command line gives them. */
export interface StatusCommandOptions {
  /** Default: that of a `plumb up` in this folder, then the clone here. */
  readonly repository?: string;
  readonly watch?: boolean;
  readonly json?: boolean;
}

/**
 * `plumb status`: what is delivered, read from the delivery log alone; no access to a cluster is needed (behaviour V1). Exit
 * code 0 when everything is healthy, 1 when something is not, 2 when nothing can be read.
 */
export async function statusCommand(
  world: World,
  { repository, watch, json = false }: StatusCommandOptions,
): Promise<number> {
  try {
    const url = await deliveryRemote(world, repository);
    return await withMirror(world, url, async (git) => {
      if (watch === true) return watchStatus(world, git, url, json);
      const document = await readLog(git);
      const style = world.out.style.bind(world.out);
      const text = (): string => statusText(document, { style, nowMs: world.clock.now(), history: 8 });
      world.out.line(json ? JSON.stringify(document) : text());
      return document.applications.every(({ inSync }) => inSync) ? exitCodes.done : exitCodes.failed;
    });
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    printProblems(world, [error.problem]);
    return exitCodes.unreadable;
  }
}
