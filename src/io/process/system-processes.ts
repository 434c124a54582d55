import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import type { Command, Finished, Processes } from "./process.ts";

const defaultMaxOutputBytes = 256 * 1024 * 1024;
const keptErrorChars = 64 * 1024;

/**
 * The programs of this machine. Each runs in a process group of its own, so that what it started ends with it; ends are
 * reported, never thrown: a missing program, a signal, a timeout are all values of `Finished`.
 */
export const systemProcesses: Processes = { run };

function run(command: Command): Promise<Finished> {
  return new Promise((resolve) => {
    if (command.signal?.aborted) {
      resolve({ ...nothing, signal: "SIGKILL" });
      return;
    }
    const child = spawn(command.file, [...command.args], {
      cwd: command.cwd,
      env: { ...command.env },
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
      windowsHide: true,
    });
    let ending: Partial<Finished> = {};
    const end = (why: Partial<Finished>): void => {
      ending = { ...ending, ...why };
      killGroup(child);
    };
    const output = collect(child, command, () => end({ overflowed: true }));
    const timer =
      command.timeoutMs === undefined ? undefined : setTimeout(() => end({ timedOut: true }), command.timeoutMs);
    const onAbort = (): void => end({});
    command.signal?.addEventListener("abort", onAbort, { once: true });
    const finish = (code: number | null, signal: string | null, missing: boolean): void => {
      clearTimeout(timer);
      command.signal?.removeEventListener("abort", onAbort);
      resolve({ ...nothing, ...ending, code, signal, missing, ...output() });
    };
    child.on("error", (error: NodeJS.ErrnoException) => {
      if (child.pid === undefined) finish(null, null, error.code === "ENOENT" || error.code === "EACCES");
    });
    child.on("close", (code, signal) => finish(code, signal, false));
    // A program that ends without reading its input closes the pipe; how it ended says the rest.
    child.stdin.on("error", () => undefined);
    child.stdin.end(command.stdin ?? "");
  });
}

const nothing: Finished = {
  code: null,
  signal: null,
  missing: false,
  timedOut: false,
  overflowed: false,
  stdout: Buffer.alloc(0),
  stderr: "",
};

function collect(
  child: ChildProcess,
  command: Command,
  overflow: () => void,
): () => { readonly stdout: Buffer; readonly stderr: string } {
  const limit = command.maxOutputBytes ?? defaultMaxOutputBytes;
  const chunks: Buffer[] = [];
  let size = 0;
  let errors = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    command.onOutput?.(chunk.toString("utf8"));
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
    else overflow();
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    command.onOutput?.(text);
    errors = (errors + text).slice(-keptErrorChars);
  });
  return () => ({ stdout: Buffer.concat(chunks), stderr: errors });
}

/** Ends a program and everything in its process group at once. */
export function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // The group is already gone, or (before the child called setsid) not there yet.
    child.kill("SIGKILL");
  }
}
