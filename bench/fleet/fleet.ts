import type { Figure } from "../measure.ts";
import { bareRequests, installBounds } from "./install.ts";
import { inInstallation } from "./installation.ts";

/** What fleets of these sizes cost, one after the other. */
export async function fleetBounds(sizes: readonly number[]): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const size of sizes) figures.push(...(await boundsOf(size)));
  return figures;
}

async function boundsOf(count: number): Promise<readonly Figure[]> {
  const bare = await bareRequests(count);
  return inInstallation(async (installation) => {
    const engine = await installation.engine();
    return [...(await installBounds(installation, engine, count, bare))];
  });
}
