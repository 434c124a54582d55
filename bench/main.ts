import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { clusterBounds } from "./cluster.ts";
import { imageBounds } from "./image.ts";
import { tableOf } from "./measure.ts";
import { renderBounds } from "./render.ts";

/** `npm run bench`: measures, prints the table, and writes it as JSON to dist/bench/figures.json. Exit code 1 when an aim is missed. */
const figures = [...(await clusterBounds()), ...(await imageBounds()), ...(await renderBounds())];
const [cpu] = cpus();
const machine = `${cpus().length} x ${cpu?.model ?? "unknown"}, Node ${process.versions.node}, ${process.platform}`;
console.log(`${machine}\n\n${tableOf(figures)}`);
writeFileSync(new URL("figures.json", import.meta.url), `${JSON.stringify({ machine, figures }, undefined, 2)}\n`);
if (figures.some(({ met }) => !met)) process.exitCode = 1;
