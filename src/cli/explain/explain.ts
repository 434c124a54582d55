import { deliveryRemote } from "../delivery-remote.ts";
import { readLog } from "../log-feed.ts";
import { withMirror } from "../temporary-mirror.ts";
import { exitCodes } from "../world.ts";
import type { World } from "../world.ts";
import { explainText } from "./explain-text.ts";
import { explain } from "./gather.ts";

/** Options of `plumb explain`, as the command line gives them. */
export interface ExplainCommandOptions {
  /** Default: that of a `plumb up` in this folder, then the clone here. */
  readonly repository?: string;
  /** The id of a delivery, or the commit that it was of; may be shortened. */
  readonly delivery?: string;
  readonly json?: boolean;
}

/**
 * `plumb explain`: one delivery from its cause to what can be done about it, from the delivery log and Git alone; by default the
 * last that did not go well (behaviour V1).
 */
export async function explainCommand(
  world: World,
  application: string | undefined,
  { repository, delivery, json }: ExplainCommandOptions,
): Promise<number> {
  const url = await deliveryRemote(world, repository);
  return withMirror(world, url, async (git) => {
    const { branch } = (await readLog(git)).repository;
    const which = {
      ...(application === undefined ? {} : { application }),
      ...(delivery === undefined ? {} : { delivery }),
    };
    const story = await explain(git, branch, which);
    if (json === true) world.out.line(JSON.stringify(story));
    else for (const line of explainText(story, world.out.style.bind(world.out))) world.out.line(line);
    return exitCodes.done;
  });
}
