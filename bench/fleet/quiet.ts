import { setTimeout as wait } from "node:timers/promises";
import { atMost } from "../measure.ts";
import type { Figure } from "../measure.ts";
import type { BenchEngine } from "./engine-process.ts";

const quietMs = 60_000;

/** M4: a minute in which nothing happens to `count` applications that are in order; the repository is polled twice in it. */
export async function quietBounds(engine: BenchEngine, count: number): Promise<readonly Figure[]> {
  await engine.atRest();
  const before = { used: await engine.usage("collected"), requests: await engine.requests() };
  await wait(quietMs);
  const after = { used: await engine.usage("as it is"), requests: await engine.requests() };
  const sum = (requests: ReadonlyMap<string, number>): number =>
    [...requests].filter(([key]) => !/^(GET|WATCH)/.test(key)).reduce((total, [, times]) => total + times, 0);
  const own = after.used.cpuMs - before.used.cpuMs;
  const git = after.used.childrenMs - before.used.childrenMs;
  return [
    atMost(0, {
      name: `M4 writes and lists in a quiet minute, ${count} applications`,
      value: sum(after.requests) - sum(before.requests),
      unit: "requests",
      reference: "count, without the Lease",
    }),
    atMost(0.5, {
      name: `M4 CPU in it`,
      value: ((own + git) / quietMs) * 100,
      unit: "% of a core",
      reference: `its process ${own.toFixed(0)} ms, and the git of two polls ${git.toFixed(0)} ms`,
    }),
  ];
}
