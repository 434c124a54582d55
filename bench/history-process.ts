import { readFileSync } from "node:fs";
import { openMirror } from "../src/io/git/mirror.ts";

/** What one fetch took, and what the process holds after it. */
export interface Fetched {
  readonly fetchMs: number;
  readonly listMs: number;
  readonly files: number;
  readonly peakMiB: number;
}

/** A process that fetches a remote into a mirror as the engine does, lists its files, and does so again when it is told to. */
const [remote = "", folder = ""] = process.argv.slice(2);
const git = await openMirror({ url: remote, folder });

async function fetchAndList(): Promise<Fetched> {
  const begun = performance.now();
  const fetched = await git.fetch();
  if (!fetched.ok) throw new Error(fetched.problem.message);
  const done = performance.now();
  const tree = await git.treeAt((await git.branch("main")) ?? "", "");
  const files = (await git.list(tree ?? "")).filter(({ type }) => type === "blob").length;
  return { fetchMs: done - begun, listMs: performance.now() - done, files, peakMiB: peak() };
}

/** The highest resident set so far: of the system where it tells it, else the present one. */
function peak(): number {
  if (process.platform !== "linux") return process.memoryUsage.rss() / 2 ** 20;
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) / 1024;
}

process.on("message", () => void fetchAndList().then((answer) => process.send?.(answer)));
process.send?.(await fetchAndList());
