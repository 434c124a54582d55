import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { until } from "./until.ts";

/** What to start; its output goes to `logs/<name>.log` of the instance's folder. */
export interface Daemon {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  /** Besides PATH; nothing else of this program's own reaches it, such as a proxy that it would send the node's requests to. */
  readonly env?: Readonly<Record<string, string>>;
  /** The program stays only to wait for another that it starts: that one is meant, and recorded. */
  readonly wraps?: true;
}

/** A process that outlives this program. Its start time tells it from another that got its number later. */
interface Recorded {
  readonly pid: number;
  /** In clock ticks since the machine started. */
  readonly started: string;
  readonly daemon: Daemon;
}

const patienceMs = 60_000;

/** Starts a process in a session of its own and records it in the instance's folder; resolves with its number. */
export async function startDaemon(folder: string, daemon: Daemon): Promise<number> {
  const { name, file, args, env = {} } = daemon;
  await mkdir(join(folder, "logs"), { recursive: true });
  const log = openSync(logFile(folder, name), "a", 0o600);
  const child = spawn(file, [...args], {
    detached: true,
    stdio: ["ignore", log, log],
    env: { PATH: process.env["PATH"], ...env },
  });
  closeSync(log);
  const { pid } = child;
  if (pid === undefined) throw await new Promise<Error>((resolve) => child.once("error", resolve));
  child.unref();
  await record(folder, daemon, pid);
  if (daemon.wraps !== true) return pid;
  let inner: number | undefined;
  await daemonIsReady(folder, name, async () => {
    inner = await firstChild(pid);
    return inner !== undefined;
  });
  if (inner === undefined) throw new Error(`${name} has started nothing`);
  await record(folder, daemon, inner);
  return inner;
}

async function firstChild(pid: number): Promise<number | undefined> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  const [first = ""] = children.split(" ");
  return first === "" ? undefined : Number(first);
}

async function record(folder: string, daemon: Daemon, pid: number): Promise<void> {
  const { name } = daemon;
  const started = startTime(pid);
  if (started === undefined) throw new Error(`${name} ended at once; the end of its log: ${lastWords(folder, name)}`);
  await mkdir(join(folder, "run"), { recursive: true });
  await writeFile(recordFile(folder, name), JSON.stringify({ pid, started, daemon } satisfies Recorded));
}

/**
 * Waits until a recorded process does what it is there for, as far as can be asked: who cannot be asked is not ready. Rejects
 * with the end of its log when it ends or takes too long.
 */
export async function daemonIsReady(folder: string, name: string, isReady: () => Promise<boolean>): Promise<void> {
  const record = await readRecord(folder, name);
  let running = true;
  const ready = await until(async () => {
    running = isRunning(record);
    return !running || (await isReady().catch(() => false));
  }, patienceMs);
  if (ready && running) return;
  const what = running ? `was not ready after ${patienceMs / 1000} s` : "has ended";
  throw new Error(`${name} ${what}; the end of its log: ${lastWords(folder, name)}`);
}

/** The names of the recorded processes. */
export async function daemonNames(folder: string): Promise<readonly string[]> {
  const files = await readdir(join(folder, "run")).catch(() => []);
  return files.map((file) => file.replace(/\.json$/, "")).toSorted();
}

/** Kills every recorded process and waits until all are gone: nothing that they hold outlives the instance. */
export async function killDaemons(folder: string): Promise<void> {
  await Promise.all((await daemonNames(folder)).map((name) => killDaemon(folder, name)));
}

/** Kills a process, as a crash would, and starts it again as it was. */
export async function restartDaemon(folder: string, name: string): Promise<void> {
  const { daemon } = await readRecord(folder, name);
  await killDaemon(folder, name);
  await startDaemon(folder, daemon);
}

async function killDaemon(folder: string, name: string): Promise<void> {
  const record = await readRecord(folder, name);
  const gone = (): boolean => !isRunning(record);
  if (!gone()) process.kill(record.pid, "SIGKILL");
  if (!(await until(gone, patienceMs))) throw new Error(`${name} (process ${record.pid}) cannot be ended`);
  await rm(recordFile(folder, name));
}

async function readRecord(folder: string, name: string): Promise<Recorded> {
  return JSON.parse(await readFile(recordFile(folder, name), "utf8")) as Recorded;
}

function isRunning({ pid, started }: Recorded): boolean {
  return startTime(pid) === started;
}

/**
 * Undefined when there is no such process, or only what nobody has asked about since it ended: a process whose first thread has
 * ended before the others still holds what it has opened, such as the port that the next one needs.
 */
function startTime(pid: number): string | undefined {
  try {
    // The name in brackets may hold anything; the fields after it are counted from the state.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    const [state, threads, started] = [fields[0], Number(fields[17]), fields[19]];
    return state === "Z" && threads <= 1 ? undefined : started;
  } catch {
    return undefined;
  }
}

function recordFile(folder: string, name: string): string {
  return join(folder, "run", `${name}.json`);
}

function logFile(folder: string, name: string): string {
  return join(folder, "logs", `${name}.log`);
}

function lastWords(folder: string, name: string): string {
  return readFileSync(logFile(folder, name), "utf8").trimEnd().split("\n").slice(-5).join("\n");
}
