import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { atMost } from "../measure.ts";
import type { Figure } from "../measure.ts";
import { applyBare } from "./bare-requests.ts";
import type { BenchEngine } from "./engine-process.ts";
import { fileOf, fleetNamespace } from "./fleet-files.ts";
import type { Installation } from "./installation.ts";
import { median, watchAll } from "./seen.ts";

const changes = 10;
const run = promisify(execFile);

/** M1 and M3: one field of one application among `count`, ten times in a row; the CPU of one is told for comparison with other sizes. */
export async function oneChangeBounds(
  { cluster, repository }: Installation,
  engine: BenchEngine,
  count: number,
): Promise<{ readonly figures: readonly Figure[]; readonly cpuMs: number }> {
  const seen = await watchAll(cluster, `/apis/apps/v1/namespaces/${fleetNamespace}/deployments`);
  await seen.after(count - 1);
  const plain = await plainClone(repository.folder);
  const [tookMs, fetchMs, applyMs]: [number[], number[], number[]] = [[], [], []];
  await engine.atRest();
  const before = {
    used: await engine.usage("collected"),
    requests: await asked(engine),
    passes: await engine.passes(),
  };
  for (let change = 0; change < changes; change += 1) {
    const index = (change * 97) % count;
    const told = seen.count;
    const { id, atMs } = await repository.commit("main", [new Map([fileOf(index, `change ${change}`)])]);
    tookMs.push((await seen.after(told)) - atMs);
    await engine.healthy(id, 1);
    await engine.atRest();
  }
  const after = { used: await engine.usage("as it is"), requests: await asked(engine), passes: await engine.passes() };
  for (let change = 0; change < changes; change += 1) {
    await repository.commit("beside", [new Map([["file", String(change)]])]);
    fetchMs.push(await timed(() => plain.fetch()));
    applyMs.push(await timed(() => applyBare(cluster, bareObject(change))));
  }
  await plain.remove();
  const referenceMs = median(fetchMs) + median(applyMs);
  const own = (after.used.cpuMs - before.used.cpuMs) / changes;
  const git = (after.used.childrenMs - before.used.childrenMs) / changes;
  return {
    cpuMs: own,
    figures: [
      atMost(2, {
        name: `M1 commit to applied, one of ${count}`,
        value: median(tookMs) / referenceMs,
        unit: "x",
        reference: `median of ${changes}: ${median(tookMs)} ms; one git fetch ${median(fetchMs).toFixed(0)} ms and one server-side apply ${median(applyMs).toFixed(0)} ms`,
      }),
      atMost(3, {
        name: `M3 requests of one change among ${count}`,
        value: (after.requests - before.requests) / changes,
        unit: "requests",
        reference: `count, the aim being dry run, apply and inventory; ${(after.passes - before.passes) / changes} passes, CPU ${own.toFixed(1)} ms and ${git.toFixed(1)} ms of git`,
      }),
    ],
  };
}

/** Requests so far, but for watches that are opened again as time goes by. */
async function asked(engine: BenchEngine): Promise<number> {
  const counted = [...(await engine.requests())].filter(([key]) => !key.startsWith("WATCH"));
  return counted.reduce((sum, [, count]) => sum + count, 0);
}

const bareObject = (change: number): object => ({
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: { name: "bare", annotations: { change: String(change) } },
});

async function plainClone(remote: string) {
  const folder = await mkdtemp(join(tmpdir(), "plumb-bench-plain-"));
  await run("git", ["clone", "--quiet", "--mirror", remote, folder]);
  return {
    fetch: () => run("git", ["-C", folder, "fetch", "--quiet", "--no-auto-maintenance"]),
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}
