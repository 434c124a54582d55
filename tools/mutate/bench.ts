import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** A copy of everything compiled, in which one file at a time is changed and tested. */
export interface Bench {
  /** True when these test files, relative to `dist`, pass with `text` in the place of a module; one process runs them all. */
  passes(module: string, text: string, original: string, suites: readonly (readonly string[])[]): Promise<boolean>;
  close(): void;
}

/** Longer than any of the suites takes on a busy machine: what hangs is caught. */
const hangsAfterMs = 60_000;
const reporter = fileURLToPath(new URL("first-failure.js", import.meta.url));
const runner = "for (const file of process.argv.slice(1)) await import(file);";

/** Makes a bench in a folder of its own. */
export function openBench(): Bench {
  const folder = mkdtempSync(join(tmpdir(), "plumb-mutate-"));
  const temporary = join(folder, "tmp");
  mkdirSync(temporary);
  cpSync("dist", join(folder, "dist"), { recursive: true });
  for (const name of ["node_modules", "package.json"]) symlinkSync(resolve(name), join(folder, name));
  const run = (tests: readonly string[]): Promise<boolean> =>
    new Promise((done) => {
      const files = tests.map((test) => join(folder, "dist", test));
      const child = spawn(
        process.execPath,
        [`--test-reporter=${reporter}`, "--input-type=module", "--eval", runner, ...files],
        // What a test that is ended leaves behind goes with the bench.
        { stdio: "ignore", timeout: hangsAfterMs, killSignal: "SIGKILL", env: { ...process.env, TMPDIR: temporary } },
      );
      child.on("close", (code) => done(code === 0));
    });
  return {
    async passes(module, text, original, suites) {
      const file = join(folder, "dist", module);
      writeFileSync(file, text);
      try {
        for (const tests of suites) if (!(await run(tests))) return false;
        return true;
      } finally {
        writeFileSync(file, original);
      }
    },
    close: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
}
