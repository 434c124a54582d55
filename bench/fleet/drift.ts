import { atMost } from "../measure.ts";
import type { Figure } from "../measure.ts";
import { applyBare } from "./bare-requests.ts";
import type { BenchEngine } from "./engine-process.ts";
import { fleetNamespace, nameOf } from "./fleet-files.ts";
import type { Installation } from "./installation.ts";
import { median, watchAll } from "./seen.ts";

const times = 100;

/** M5: a declared field of a Service changed by hand, of another application each time, from the event that tells it to the one of its undoing. */
export async function driftBounds(
  { cluster }: Installation,
  engine: BenchEngine,
  count: number,
): Promise<readonly Figure[]> {
  const services = `/api/v1/namespaces/${fleetNamespace}/services`;
  const seen = await watchAll(cluster, services);
  await seen.after(count - 1);
  await engine.atRest();
  const [undoneMs, applyMs]: [number[], number[]] = [[], []];
  for (let time = 0; time < times; time += 1) {
    const told = seen.count;
    const change = { spec: { selector: { app: "another" } } };
    await cluster.ask("PATCH", `${services}/${nameOf(time % count)}`, change, "application/merge-patch+json");
    undoneMs.push((await seen.after(told + 1)) - (await seen.after(told)));
    await engine.atRest();
    const annotations = { time: String(time) };
    const began = performance.now();
    await applyBare(cluster, { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "bare", annotations } });
    applyMs.push(performance.now() - began);
  }
  return [
    atMost(2, {
      name: `M5 undoing of drift, ${count} applications`,
      value: median(undoneMs) / median(applyMs),
      unit: "x",
      reference: `median of ${times}: ${median(undoneMs).toFixed(0)} ms; one server-side apply ${median(applyMs).toFixed(1)} ms`,
    }),
  ];
}
