import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Runs the compiled tests. Files named `*.test.ts` are fast and leave nothing behind, so that they share two processes, which
 * halves what they cost; `*.slow.test.ts` start servers, processes or browsers and have a process each; `*.real.test.ts` need
 * the cluster that KUBECONFIG names. `fast`, `slow` and `real` run
 * one kind, `all` the first two; further arguments are parts of paths to choose by. The last line is `N passed, N failed,
 * N skipped`.
 */
const root = fileURLToPath(new URL("..", import.meta.url));
const [which = "fast", ...parts] = process.argv.slice(2);
const files = testFiles(root)
  .filter((file) => (which === "all" ? kindOf(file) !== "real" : kindOf(file) === which))
  .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)))
  .toSorted();

/** How many processes run at once, how long a file (or, of those that share a process, all) may take. */
interface Pace {
  readonly atOnce: number;
  readonly minutes: number;
  readonly isShared?: boolean;
}

const paces: Readonly<Record<string, Pace>> = {
  fast: { atOnce: 2, minutes: 5, isShared: true },
  slow: { atOnce: 3, minutes: 10 },
  // They share one cluster, whose API server some of them restart.
  real: { atOnce: 1, minutes: 45 },
};
const totals = { pass: 0, fail: 0, skipped: 0 };
const started = Date.now();
for (const [kind, pace] of Object.entries(paces)) {
  const ofKind = files.filter((file) => kindOf(file) === kind);
  if (ofKind.length > 0) await runKind(ofKind, pace);
}
if (files.length === 0) console.error("no test file fits");
console.log(`in ${((Date.now() - started) / 1000).toFixed(1)} s`);
console.log(`${totals.pass} passed, ${totals.fail} failed${totals.skipped > 0 ? `, ${totals.skipped} skipped` : ""}`);
process.exitCode = totals.fail > 0 || files.length === 0 ? 1 : 0;

function kindOf(file: string): string {
  return /\.(slow|real)\.test\.js$/.exec(file)?.[1] ?? "fast";
}

function testFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : testFiles(path);
    // What was compiled from a file that is gone is no test any more.
    const source = join(folder.replace(root, join(root, "..", "/")), entry.name.replace(/\.js$/, ".ts"));
    return entry.name.endsWith(".test.js") && existsSync(source) ? [path] : [];
  });
}

async function runKind(paths: readonly string[], { atOnce, minutes, isShared }: Pace): Promise<void> {
  const progress = { ended: 0, of: paths.length };
  if (isShared !== true) {
    const options = [`--test-concurrency=${atOnce}`, `--test-timeout=${minutes * 60_000}`];
    return runNode(["--test", ...options, ...paths], progress);
  }
  const together = fileURLToPath(new URL("test-together.js", import.meta.url));
  const shares = Array.from({ length: atOnce }, (_, share) => paths.filter((__, at) => at % atOnce === share));
  const runs = shares
    .filter((share) => share.length > 0)
    .map((share) => runNode([together, ...share], progress, minutes * 60_000));
  await Promise.all(runs);
}

function runNode(args: readonly string[], progress: { ended: number; of: number }, limitMs?: number): Promise<void> {
  return new Promise((resolve) => {
    const reporter = fileURLToPath(new URL("test-reporter.js", import.meta.url));
    const child = spawn(
      process.execPath,
      ["--enable-source-maps", `--test-reporter=${reporter}`, "--test-reporter-destination=stdout", ...args],
      { stdio: ["ignore", "pipe", "inherit"], ...(limitMs === undefined ? {} : { timeout: limitMs }) },
    );
    const failedBefore = totals.fail;
    let tail = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      const lines = (tail + text).split("\n");
      tail = lines.pop() ?? "";
      for (const line of lines) count(line, progress);
    });
    child.on("close", (code, signal) => {
      // A run that broke without a failed test to show for it is a failure all the same.
      if (code !== 0 && totals.fail === failedBefore) {
        totals.fail += 1;
        console.log(`FAILED: the tests ended with ${signal ?? code}; what they said last is above`);
      }
      resolve();
    });
  });
}

function count(line: string, progress: { ended: number; of: number }): void {
  const [mark = "", file, ms] = line.split(" ");
  if (mark === "@@file") {
    progress.ended += 1;
    const source = relative(root, file ?? "").replace(/\.js$/, ".ts");
    console.log(`[${progress.ended} of ${progress.of}] ${source}: ${(Number(ms) / 1000).toFixed(1)} s`);
  } else if (mark.startsWith("@@")) totals[mark.slice(2) as keyof typeof totals] += 1;
  else console.log(line);
}
