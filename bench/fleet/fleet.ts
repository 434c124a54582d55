import { atMost } from "../measure.ts";
import type { Figure } from "../measure.ts";
import { driftBounds } from "./drift.ts";
import { bareRequests, installBounds } from "./install.ts";
import { inInstallation } from "./installation.ts";
import { oneChangeBounds } from "./one-change.ts";
import { quietBounds } from "./quiet.ts";
import { startBounds } from "./start.ts";

interface Measured {
  readonly size: number;
  readonly figures: readonly Figure[];
  /** The engine's CPU for one change of one application. */
  readonly changeMs: number;
}

/** What fleets of these sizes cost, one after the other. */
export async function fleetBounds(sizes: readonly number[]): Promise<readonly Figure[]> {
  const measured: Measured[] = [];
  for (const size of sizes) measured.push(await measure(size));
  const [small, large] = [measured[0], measured.at(-1)];
  const figures = measured.flatMap((one) => one.figures);
  return small && large && small !== large ? [...figures, growth(small, large)] : figures;
}

async function measure(size: number): Promise<Measured> {
  const bare = await bareRequests(size);
  return inInstallation(async (installation) => {
    const engine = await installation.engine();
    const installed = await installBounds(installation, engine, size, bare);
    const change = await oneChangeBounds(installation, engine, size);
    const drift = await driftBounds(installation, engine, size);
    const quiet = await quietBounds(engine, size);
    await engine.stop();
    const start = await startBounds(installation, size);
    return { size, changeMs: change.cpuMs, figures: [...installed, ...change.figures, ...drift, ...quiet, ...start] };
  });
}

function growth(small: Measured, large: Measured): Figure {
  return atMost(1.5, {
    name: `M3 CPU of one change among ${large.size}`,
    value: large.changeMs / small.changeMs,
    unit: "x",
    reference: `${large.changeMs.toFixed(1)} ms; among ${small.size} ${small.changeMs.toFixed(1)} ms`,
  });
}
