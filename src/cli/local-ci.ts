import { watchLocalRefs } from "../io/git/local-refs.ts";
import { shortId } from "../model/revision.ts";
import { problemsBehind, printProblems } from "./report.ts";
import { WorkingCopy } from "./working-copy.ts";
import type { Workshop } from "./workshop.ts";
import type { World } from "./world.ts";

/** The last commit of `main` that was released, kept in the application's remote itself. */
const releasedRef = "refs/plumb/released";

/**
 * Releases what is pushed to `main` of the application's remote, one commit after the other and only the newest, as a CI
 * beside the remote would; also what was pushed while nothing ran. A release that fails is told and changes nothing.
 * Returns a function that ends it and waits for the release under way.
 */
export async function startLocalCi(world: World, workshop: Workshop): Promise<() => Promise<void>> {
  const remote = new WorkingCopy(workshop.remotes.application, world.env);
  const idOf = (ref: string): Promise<string | undefined> =>
    remote.git("rev-parse", "--verify", "--quiet", `${ref}^{commit}`).catch(() => undefined);
  if (workshop.first) await remote.git("update-ref", releasedRef, workshop.first.commit);

  let ended = false;
  let tried: string | undefined;
  const look = async (): Promise<void> => {
    const commit = await idOf("refs/heads/main");
    if (ended || commit === undefined || commit === tried || commit === (await idOf(releasedRef))) return;
    tried = commit;
    if (await releaseOne(world, workshop, commit)) await remote.git("update-ref", releasedRef, commit);
  };
  let working = Promise.resolve();
  const lookInTurn = (): void => {
    working = working.then(look).catch((error: unknown) => printProblems(world, problemsBehind(error)));
  };
  const endWatch = watchLocalRefs(workshop.remotes.application, lookInTurn);
  lookInTurn();
  return async () => {
    ended = true;
    endWatch();
    await working;
  };
}

async function releaseOne(world: World, workshop: Workshop, commit: string): Promise<boolean> {
  const step = world.err.step(`release ${shortId(commit)}`);
  try {
    const { version, deployment } = await workshop.release(commit);
    const pin = deployment.commit === undefined ? "was pinned before" : `pinned by ${shortId(deployment.commit)}`;
    step.done(`${version} ${pin}`);
    return true;
  } catch (error) {
    if (world.ending().aborted) return false;
    step.failed("nothing was changed");
    printProblems(world, problemsBehind(error));
    return false;
  }
}
