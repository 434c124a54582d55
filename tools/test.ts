import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Runs the compiled tests. Files named `*.test.ts` are fast and share nothing but the machine; `*.slow.test.ts` start
 * servers, processes or browsers; `*.real.test.ts` need the cluster that KUBECONFIG names. `fast`, `slow` and `real` run
 * one kind, `all` the first two; further arguments are parts of paths to choose by. The last line is `N passed, N failed,
 * N skipped`.
 */
const root = fileURLToPath(new URL("..", import.meta.url));
const [which = "fast", ...parts] = process.argv.slice(2);
const files = testFiles(root)
  .filter((file) => (which === "all" ? kindOf(file) !== "real" : kindOf(file) === which))
  .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)))
  .toSorted();

/** How many files run at once, and how long one may take. */
interface Pace {
  readonly atOnce: number;
  readonly minutes: number;
}

const paces: Readonly<Record<string, Pace>> = {
  fast: { atOnce: 2, minutes: 5 },
  slow: { atOnce: 3, minutes: 10 },
  // They share one cluster, whose API server some of them restart.
  real: { atOnce: 1, minutes: 45 },
};
const totals = { pass: 0, fail: 0, skipped: 0 };
const started = Date.now();
for (const [kind, pace] of Object.entries(paces)) {
  const ofKind = files.filter((file) => kindOf(file) === kind);
  if (ofKind.length > 0) await runNode(ofKind, pace);
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

function runNode(paths: readonly string[], { atOnce, minutes }: Pace): Promise<void> {
  return new Promise((resolve) => {
    const reporter = fileURLToPath(new URL("test-reporter.js", import.meta.url));
    const args = [
      "--enable-source-maps",
      "--test",
      `--test-reporter=${reporter}`,
      `--test-concurrency=${atOnce}`,
      `--test-timeout=${minutes * 60_000}`,
      ...paths,
    ];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    let tail = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      const lines = (tail + text).split("\n");
      tail = lines.pop() ?? "";
      for (const line of lines) count(line);
    });
    child.on("close", (code) => {
      // A run that broke without a failed test to show for it is a failure all the same.
      if (code !== 0 && totals.fail === 0) totals.fail += 1;
      resolve();
    });
  });
}

function count(line: string): void {
  const match = /^@@(pass|fail|skipped)$/.exec(line);
  if (match) totals[match[1] as keyof typeof totals] += 1;
  else console.log(line);
}
