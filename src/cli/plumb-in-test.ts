import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { packageFile } from "./package-root.ts";

/** A folder of a test's own with a TMPDIR in it, so that whatever a command leaves behind can be seen. */
export interface Place {
  readonly folder: string;
  readonly temporary: string;
  readonly env: NodeJS.ProcessEnv;
}

/** How a command ended and what it printed. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A running `plumb`. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves once stdout and stderr together hold the text; rejects when the command ends without. */
  printed(text: string): Promise<void>;
}

/** Makes a place that is removed when the test is over. */
export async function makePlace(t: TestContext): Promise<Place> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "plumb-test-")));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const temporary = await mkdtemp(join(folder, "tmp-"));
  const { NO_COLOR: _, FORCE_COLOR: __, KUBECONFIG: ___, NODE_TEST_CONTEXT: ____, ...rest } = process.env;
  return { folder, temporary, env: { ...rest, TMPDIR: temporary } };
}

/** Starts `plumb …args` in the place, in a process group of its own as a terminal would. */
export function startPlumb(t: TestContext, place: Place, args: readonly string[]): Running {
  return startProgram(t, place, process.execPath, [packageFile("dist", "src", "cli", "main.js"), ...args]);
}

/** The same with any program. */
export function startProgram(t: TestContext, place: Place, file: string, args: readonly string[]): Running {
  const child = spawn(file, [...args], {
    cwd: place.folder,
    env: place.env,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  const ended = once(child, "close").then(([code]): Ended => ({ code: code as number | null, out, err }));
  t.after(() => child.kill("SIGKILL"));
  const printed = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if ((out + err).includes(text)) resolve();
      };
      child.stdout.on("data", look);
      child.stderr.on("data", look);
      void ended.then(() => reject(new Error(`it ended without printing ${text}:\n${out}${err}`)));
      look();
    });
  return { child, ended, printed };
}

/** Runs `plumb …args` in the place to its end. */
export function plumb(t: TestContext, place: Place, ...args: readonly string[]): Promise<Ended> {
  return startPlumb(t, place, args).ended;
}

/** Sends what Ctrl-C sends: SIGINT to every process of the terminal's group. */
export function pressCtrlC({ child }: Running): void {
  if (child.pid !== undefined) process.kill(-child.pid, "SIGINT");
}

/** Command lines of the processes that name the place, in their arguments or as their TMPDIR. Linux only. */
export async function processesOf(place: Place): Promise<readonly string[]> {
  const found: string[] = [];
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    const read = (name: string): Promise<string> => readFile(`/proc/${pid}/${name}`, "utf8").catch(() => "");
    const command = await read("cmdline");
    if (command.includes(place.folder) || (await read("environ")).includes(place.folder)) {
      found.push(`${pid} ${command.replaceAll("\0", " ")}`);
    }
  }
  return found;
}

/** Looks again and again until `look` answers something but undefined. */
export async function eventually<T>(what: string, look: () => Promise<T | undefined>, limitMs = 60_000): Promise<T> {
  const limit = Date.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > limit) throw new Error(`${what}: not seen within ${limitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
