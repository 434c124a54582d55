import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { clusterBounds } from "./cluster.ts";
import { historyBounds } from "./history.ts";
import { imageBounds } from "./image.ts";
import { tableOf } from "./measure.ts";
import type { Figure } from "./measure.ts";
import { pageBounds } from "./page.ts";
import { recoveryBounds } from "./recovery.ts";
import { renderBounds } from "./render.ts";

/**
 * `npm run bench` measures, prints the table, and writes it as JSON to dist/bench/figures.json; `npm run bench -- recovery`
 * measures what follows a failure instead, on the embedded cluster or on that of --kubeconfig. Exit code 1 when an aim is
 * missed.
 */
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { kubeconfig: { type: "string" }, publish: { type: "string" } },
});
const isRecovery = positionals[0] === "recovery";
const figures = isRecovery
  ? await recoveryBounds(values)
  : await inTurn([clusterBounds, imageBounds, renderBounds, historyBounds, pageBounds]);
const [cpu] = cpus();
const machine = `${cpus().length} x ${cpu?.model ?? "unknown"}, Node ${process.versions.node}, ${process.platform}`;
console.log(`${machine}\n\n${tableOf(figures)}`);
writeFileSync(new URL("figures.json", import.meta.url), `${JSON.stringify({ machine, figures }, undefined, 2)}\n`);
if (figures.some(({ met }) => !met)) process.exitCode = 1;

async function inTurn(workloads: readonly (() => Promise<readonly Figure[]>)[]): Promise<readonly Figure[]> {
  const measured: Figure[] = [];
  for (const bounds of workloads) measured.push(...(await bounds()));
  return measured;
}
