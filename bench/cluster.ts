import { setTimeout as wait } from "node:timers/promises";
import { atLeast, atMost, type Figure } from "./measure.ts";
import { type BenchServer, inLanes, startServer } from "./server.ts";

const objects = 10_000;
const writes = 5_000;
const idleMs = 10_000;
const MiB = 1024 * 1024;

const maps = "/api/v1/namespaces/default/configmaps";
const configMap = (index: number): object => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: `map-${index}`, labels: { app: `app-${index % 100}` } },
  data: { index: String(index), text: "a line that is as long as the lines of such files often are" },
});

/** The bounds of the embedded cluster: its start, 10,000 objects, 1,000 watch events a second on one core, and idling. */
export async function clusterBounds(): Promise<readonly Figure[]> {
  const starts: { readonly wallMs: number; readonly cpuMs: number }[] = [];
  for (let run = 0; run < 3; run += 1) {
    const server = await startServer("cluster");
    starts.push({ wallMs: server.startMs, cpuMs: (await server.usage("as it is")).cpuMs });
    await server.stop();
  }
  const bare = await startServer("bare");
  const cluster = await startServer("cluster");
  try {
    const start = atMost(1000, {
      name: "start",
      value: Math.min(...starts.map(({ cpuMs }) => cpuMs)),
      unit: "ms of CPU",
      reference: `until it can be asked, least of three; by the clock ${Math.min(...starts.map(({ wallMs }) => wallMs)).toFixed(0)} ms, and a process that only listens ${bare.startMs.toFixed(0)} ms`,
    });
    return [
      start,
      ...(await idle(cluster, "idle, empty")),
      ...(await filled(bare, cluster)),
      ...(await idle(cluster, `idle, ${objects} objects`)).slice(0, 1),
    ];
  } finally {
    await bare.stop();
    await cluster.stop();
  }
}

async function idle(cluster: BenchServer, name: string): Promise<readonly Figure[]> {
  const before = await cluster.usage("collected");
  await wait(idleMs);
  const after = await cluster.usage("as it is");
  const percent = ((after.cpuMs - before.cpuMs) / idleMs) * 100;
  return [
    atMost(1, {
      name,
      value: percent,
      unit: "% of a core",
      reference: `CPU time of its process over ${idleMs / 1000} s`,
    }),
    atMost(100, {
      name: "memory, empty",
      value: after.rssBytes / MiB,
      unit: "MiB",
      reference: "resident set of its process",
    }),
  ];
}

/** What a number of requests costs the server, in milliseconds of CPU for each. */
async function costOf(server: BenchServer, count: number, step: (index: number) => Promise<unknown>): Promise<number> {
  const before = await server.usage("collected");
  await inLanes(count, step);
  return ((await server.usage("as it is")).cpuMs - before.cpuMs) / count;
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await wait(10);
}

async function filled(bare: BenchServer, cluster: BenchServer): Promise<readonly Figure[]> {
  const create = (server: BenchServer) => (index: number) => server.ask("POST", maps, configMap(index));
  // Both are warm before they are measured.
  await inLanes(500, create(bare));
  await inLanes(500, (index) => cluster.ask("POST", `${maps}?dryRun=All`, configMap(index)));
  const least = await costOf(bare, objects, create(bare));
  const before = await cluster.usage("collected");
  const cost = await costOf(cluster, objects, create(cluster));
  const { heapBytes } = await cluster.usage("collected");
  const { items } = JSON.parse(await cluster.ask("GET", maps)) as { readonly items: readonly unknown[] };

  let events = 0;
  await cluster.watch(`${maps}?watch=1&resourceVersion=0`, () => (events += 1));
  const patch = (index: number) =>
    cluster.ask(
      "PATCH",
      `${maps}/map-${index % objects}`,
      { data: { turn: String(index) } },
      "application/merge-patch+json",
    );
  await until(() => events >= objects);
  const told = events;
  const perEvent = await costOf(cluster, writes, patch);
  await until(() => events - told >= writes);
  const factor = cost / least;
  return [
    atLeast(objects, { name: "objects listed at once", value: items.length - 1, unit: "objects", reference: "count" }),
    atMost(12, {
      name: "create one of them",
      value: factor,
      unit: "x",
      reference: `${cost.toFixed(2)} ms of CPU; the same request to a bare HTTPS server ${least.toFixed(2)} ms`,
    }),
    atMost(16, {
      name: "an object in memory",
      value: (heapBytes - before.heapBytes) / objects / 1024,
      unit: "KiB",
      reference: "heap after garbage collection, history of watches included",
    }),
    atLeast(1000, {
      name: "watch events on one core",
      value: 1000 / perEvent,
      unit: "a second",
      reference: `each with the patch that causes it, beside ${objects} objects: ${perEvent.toFixed(2)} ms of CPU`,
    }),
  ];
}
