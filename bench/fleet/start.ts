import { atMost } from "../measure.ts";
import type { Figure } from "../measure.ts";
import type { BenchEngine } from "./engine-process.ts";
import type { Installation } from "./installation.ts";
import type { Files } from "./repository.ts";

const logBranch = "plumbline/log";
const longLog = 10_000;
const MiB = 2 ** 20;

/** The start of an engine for `count` applications that are in order, on the log as it is and on one of ten thousand commits; and M6. */
export async function startBounds(
  { engine: start, repository }: Installation,
  count: number,
): Promise<readonly Figure[]> {
  const short = await started(start, count);
  await short.engine.stop();
  const commits = await repository.count(logBranch);
  await repository.commit(logBranch, moreOf(await repository.read(logBranch, ".json"), longLog - commits));
  const long = await started(start, count);
  await long.engine.stop();
  return [
    atMost(2, {
      name: `start with ${count} applications on a log of ${longLog} commits`,
      value: (long.cpuMs + long.childrenMs) / (short.cpuMs + short.childrenMs),
      unit: "x",
      reference: `CPU until all passes were made ${long.cpuMs.toFixed(0)} ms and ${long.childrenMs} ms of git; on ${commits} commits ${short.cpuMs.toFixed(0)} ms and ${short.childrenMs} ms`,
    }),
    atMost(150, {
      name: `M6 memory of ${count} applications with 4 objects each`,
      value: long.rssBytes / MiB,
      unit: "MiB",
      reference: `resident set after that start; heap ${(long.heapBytes / MiB).toFixed(0)} MiB`,
    }),
    atMost(8, {
      name: "M6 an object in memory",
      value: (long.heapBytes - long.emptyBytes) / count / 4 / 1024,
      unit: "KiB",
      reference:
        "heap after garbage collection beyond that of an engine that has just begun, records and manifests included",
    }),
  ];
}

async function started(start: () => Promise<BenchEngine>, count: number) {
  const engine = await start();
  const { heapBytes: emptyBytes } = await engine.usage("collected");
  await engine.atRest(count);
  const { cpuMs, childrenMs } = await engine.usage("as it is");
  const { heapBytes, rssBytes } = await engine.usage("collected");
  return { engine, emptyBytes, cpuMs, childrenMs, heapBytes, rssBytes };
}

/** So many commits more, each of one record that says something else; the last of each says what it said at first. */
function* moreOf(records: Files, commits: number): Generator<Files> {
  const applications = [...records].filter(([path]) => /^[^/]+\/[^/]+\.json$/.test(path) && !path.startsWith("page/"));
  for (let left = commits; left > 0; left -= 1) {
    const [path, text] = applications[left % applications.length] ?? ["", ""];
    const isLast = left <= applications.length;
    yield new Map([[path, isLast ? text : text.replace(/"message": "[^"]*"/, `"message": "commit ${left}"`)]]);
  }
}
