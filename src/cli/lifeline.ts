import { fork } from "node:child_process";
import { openSync, closeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ProblemError } from "../model/problem.ts";
import type { Problem } from "../model/problem.ts";

/** What a part of Plumbline tells the process that started it: ready, with what others need to know, or why not. */
type Word = { readonly ready: object } | { readonly problem: Problem };

/** A part of Plumbline in a process of its own. */
export interface Part<Ready> {
  readonly pid: number;
  readonly ready: Ready;
  /** Resolves with the exit code, or null when a signal ended it. */
  readonly exited: Promise<number | null>;
  /** Asks it to end, and waits until it has. */
  stop(): Promise<void>;
}

/**
 * Starts `plumb …args` as a child and waits for its word. A pipe between the two is its lifeline: when this process is
 * gone, however it ended, the child sees the pipe close and ends as well. Its output goes to `logFile`.
 */
export async function startPart<Ready extends object>(
  args: readonly string[],
  options: { readonly logFile: string; readonly env: NodeJS.ProcessEnv },
): Promise<Part<Ready>> {
  const log = openSync(options.logFile, "a", 0o600);
  const main = fileURLToPath(new URL("main.js", import.meta.url));
  const child = fork(main, [...args], { stdio: ["ignore", log, log, "ipc"], env: options.env });
  closeSync(log);
  const exited = new Promise<number | null>((resolve) =>
    child.once("exit", (code) => {
      resolve(code);
    }),
  );
  const stop = async (): Promise<void> => {
    if (child.connected) child.disconnect();
    await exited;
  };
  const word = await Promise.race([
    new Promise<Word>((resolve) =>
      child.once("message", (message) => {
        resolve(message as Word);
      }),
    ),
    exited.then((code): Word => ({ problem: unexpectedEnd(args, code, options.logFile) })),
  ]);
  if ("problem" in word) {
    await stop();
    throw new ProblemError(word.problem);
  }
  return { pid: child.pid ?? 0, ready: word.ready as Ready, exited, stop };
}

function unexpectedEnd(args: readonly string[], code: number | null, logFile: string): Problem {
  return {
    code: "part-ended",
    message: `plumb ${args[0] ?? ""} ended before it was ready (${code === null ? "by a signal" : `exit code ${code}`})`,
    remedy: `its log says why: ${logFile}`,
  };
}

/** In the child: tells the parent, if there is one, that this part is ready. */
export function tellReady(ready: object): void {
  process.send?.({ ready } satisfies Word);
}

/** In the child: tells the parent why this part cannot start; false when there is no parent to tell. */
export function tellProblem(problem: Problem): boolean {
  return process.send?.({ problem } satisfies Word) ?? false;
}

/**
 * Resolves when this process is asked to end: SIGTERM, SIGINT or SIGHUP, or the end of the lifeline. A part leaves SIGINT
 * to its parent, since Ctrl-C reaches both at once and only the parent knows the order.
 */
export function askedToEnd(): Promise<string> {
  const isPart = process.send !== undefined;
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(signal, () => {
        if (!isPart || signal !== "SIGINT") resolve(signal);
      });
    }
    process.once("disconnect", () => {
      resolve("disconnect");
    });
  });
}
