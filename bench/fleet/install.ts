import { atMost } from "../measure.ts";
import type { Figure } from "../measure.ts";
import { applyAllBare } from "./bare-requests.ts";
import type { BenchEngine } from "./engine-process.ts";
import { fleetFiles, upgradeFiles } from "./fleet-files.ts";
import { inInstallation } from "./installation.ts";
import type { Installation } from "./installation.ts";
import type { Committed } from "./repository.ts";

/** What the same requests take without an engine, in milliseconds. */
export interface Bare {
  readonly installMs: number;
  readonly upgradeMs: number;
}

/** The same objects sent to a cluster of the same kind as fast as it takes them: all of them, and then each with one field changed. */
export function bareRequests(count: number): Promise<Bare> {
  return inInstallation(async ({ cluster }) => ({
    installMs: await applyAllBare(cluster, count, "1"),
    upgradeMs: await applyAllBare(cluster, count, "2"),
  }));
}

/** M2: `count` applications from the commit until the last of them is healthy, then one field of each; beside the bare requests. */
export async function installBounds(
  { repository }: Installation,
  engine: BenchEngine,
  count: number,
  bare: Bare,
): Promise<readonly Figure[]> {
  const measure = async (name: string, bareMs: number, commit: () => Promise<Committed>): Promise<Figure> => {
    const before = await engine.usage("as it is");
    const { id, atMs } = await commit();
    const tookMs = (await engine.healthy(id, count)) - atMs;
    await engine.atRest();
    const after = await engine.usage("as it is");
    const own = (after.cpuMs - before.cpuMs) / count;
    const git = (after.childrenMs - before.childrenMs) / count;
    return atMost(1.5, {
      name: `M2 ${name} of ${count} applications`,
      value: tookMs / bareMs,
      unit: "x",
      reference: `${seconds(tookMs)} s; ${count * 4} bare requests ${seconds(bareMs)} s; CPU an application ${own.toFixed(1)} ms and ${git.toFixed(1)} ms of git`,
    });
  };
  return [
    await measure("installation", bare.installMs, () => repository.commit("main", [fleetFiles(count, "1")])),
    await measure("one-field upgrade", bare.upgradeMs, () => repository.commit("main", [upgradeFiles(count, "2")])),
  ];
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
