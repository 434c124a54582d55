import { spawn } from "node:child_process";
import { constants } from "node:os";
import type { Readable } from "node:stream";
import type { Command } from "./command.ts";

/** A running process with everything it started. */
export interface RunningProcess {
  readonly pid: number;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /**
   * Settles when the process is gone and the rest of its group with it; with its exit code as a container runtime gives
   * it, 128 plus the number of the signal that ended it.
   */
  readonly exited: Promise<number>;
  /** Signals the process alone, as a container runtime does; SIGKILL goes to the whole group. */
  signal(name: NodeJS.Signals): void;
}

/**
 * The group must die with this process, however that ends. A background shell holds the read end of a pipe on fd 3 whose
 * only write end is here: when it closes, the shell kills the group it is in. It ignores what a program may send its own
 * group, holds none of the program's streams, and the program takes the shell's place without knowing of it.
 */
const shim = `(trap "" TERM INT HUP QUIT; read -r _; kill -KILL 0) <&3 3<&- >/dev/null 2>&1 &
exec 3<&-
exec "$@"`;

/** Starts `argv[0]` (a path) as the leader of its own session and process group. Rejects when it cannot be started. */
export async function startProcess({ argv, cwd, environment }: Command): Promise<RunningProcess> {
  const child = spawn("/bin/sh", ["-c", shim, "sh", ...argv], {
    cwd,
    env: environment,
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  const { stdout, stderr } = child;
  if (!stdout || !stderr) throw new Error("the streams of a new process are missing");
  const lifeline = child.stdio[3];
  // Broken when the group is gone; nothing is ever written to it.
  lifeline?.on("error", () => undefined);
  const exited = new Promise<number>((resolve) => {
    child.once("exit", (code, signal) => {
      lifeline?.destroy();
      signalGroup(child.pid, "SIGKILL");
      // What left the group on purpose may hold the streams for ever; its output ends here.
      const bound = setTimeout(() => {
        stdout.destroy();
        stderr.destroy();
      }, 1000);
      child.once("close", () => {
        clearTimeout(bound);
        resolve(code ?? 128 + (signal ? constants.signals[signal] : 0));
      });
    });
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("spawn", () => {
      const signal = (name: NodeJS.Signals) => {
        if (name === "SIGKILL") signalGroup(child.pid, name);
        else child.kill(name);
      };
      resolve({ pid: child.pid ?? 0, stdout, stderr, exited, signal });
    });
  });
}

/** The most of a command's output that is kept, as the kubelet does. */
const longestOutput = 10_240;

/**
 * Runs a command to its end and answers its exit code and what it printed. Rejects when it cannot be started or takes
 * longer; it is killed then, or when the signal aborts.
 */
export async function runCommand(
  command: Command,
  words: readonly string[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<{ readonly exitCode: number; readonly output: string }> {
  const process = await startProcess(command);
  let output = "";
  for (const stream of [process.stdout, process.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      if (output.length < longestOutput) output += text;
    });
  }
  const timeout = AbortSignal.timeout(timeoutMs);
  const kill = () => process.signal("SIGKILL");
  const over = AbortSignal.any([timeout, signal]);
  if (over.aborted) kill();
  else over.addEventListener("abort", kill, { once: true });
  const exitCode = await process.exited;
  over.removeEventListener("abort", kill);
  if (!timeout.aborted) return { exitCode, output };
  throw new Error(`command timed out: ${JSON.stringify(words.join(" "))} timed out after ${timeoutMs / 1000}s`);
}

function signalGroup(pid: number | undefined, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch {
    // The group is gone already.
  }
}
