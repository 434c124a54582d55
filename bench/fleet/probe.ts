import { readFileSync } from "node:fs";

/** What a process and the programs that it has run have used since its start. Bytes are those of now. */
export interface Used {
  readonly cpuMs: number;
  /** Of the programs that have ended, git above all. */
  readonly childrenMs: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
}

/** Asks for `Used`; `collected` has the process collect its garbage before. */
export interface UsageQuestion {
  readonly usage: "collected" | "as it is";
}

/** The kernel counts in hundredths of a second, whatever the machine. */
const msPerTick = 10;

/** Loaded before `plumb engine` into its process, which then tells what it has used whenever it is asked. */
process.on("message", (asked) => {
  const { usage } = asked as Partial<UsageQuestion>;
  if (usage === undefined) return;
  if (usage === "collected") for (let turn = 0; turn < 3; turn += 1) globalThis.gc?.();
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  const used: Used = {
    cpuMs: (user + system) / 1000,
    childrenMs: childrenMs(),
    rssBytes: rss,
    heapBytes: heapUsed,
  };
  process.send?.({ used });
});

/** Fields 16 and 17 of proc_pid_stat(5), after the name in brackets; nothing where there is no such file. */
function childrenMs(): number {
  if (process.platform !== "linux") return 0;
  const fields = readFileSync("/proc/self/stat", "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[13]) + Number(fields[14])) * msPerTick;
}
