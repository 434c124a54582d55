import { spawn } from "node:child_process";
import { constants } from "node:os";
import type { Readable } from "node:stream";

/** How a container's process ended. */
export interface ProcessExit {
  /** As a container runtime gives it: 128 plus the number of the signal that ended it. */
  readonly exitCode: number;
}

/** A running process with everything it started. */
export interface RunningProcess {
  readonly pid: number;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Settles when the process is gone and the rest of its group with it. */
  readonly exited: Promise<ProcessExit>;
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
export function startProcess(options: {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
}): Promise<RunningProcess> {
  const { argv, cwd, environment } = options;
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
  const exited = new Promise<ProcessExit>((resolve) => {
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
        resolve({ exitCode: code ?? 128 + signalNumber(signal) });
      });
    });
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("spawn", () => {
      const { pid } = child;
      if (pid === undefined) return;
      resolve({
        pid,
        stdout,
        stderr,
        exited,
        signal(name) {
          if (name === "SIGKILL") signalGroup(pid, name);
          else child.kill(name);
        },
      });
    });
  });
}

function signalGroup(pid: number | undefined, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch {
    // The group is gone already.
  }
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return (signal === null ? undefined : constants.signals[signal]) ?? 0;
}
