import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { clusterBounds } from "./cluster.ts";
import { fleetBounds } from "./fleet/fleet.ts";
import { historyBounds } from "./history.ts";
import { imageBounds } from "./image.ts";
import { tableOf } from "./measure.ts";
import type { Figure } from "./measure.ts";
import { pageBounds } from "./page.ts";
import { recoveryBounds } from "./recovery.ts";
import { renderBounds } from "./render.ts";

/**
 * `npm run bench` measures, prints the table, and writes it as JSON to dist/bench/figures.json; `npm run bench -- recovery`
 * measures what follows a failure instead, on the embedded cluster or on that of --kubeconfig; `npm run bench -- fleet` what fleets
 * cost, of --applications 100,500,1000 or of other sizes. Exit code 1 when an aim is missed.
 */
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    kubeconfig: { type: "string" },
    publish: { type: "string" },
    applications: { type: "string", default: "100,500,1000" },
  },
});
const suites: Readonly<Record<string, () => Promise<readonly Figure[]>>> = {
  all: () => inTurn([clusterBounds, imageBounds, renderBounds, historyBounds, pageBounds]),
  recovery: () => recoveryBounds(values),
  fleet: () => fleetBounds(values.applications.split(",").map(Number)),
};
const suite = suites[positionals[0] ?? "all"];
if (!suite) throw new Error(`there is no bench ${positionals[0]}; there are ${Object.keys(suites).join(", ")}`);
const figures = await suite();
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
