import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { openSync, closeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Problem } from "../model/problem.ts";
import { ProblemsError } from "../release/problems.ts";
import { Interrupted } from "./ending.ts";

/** What a part tells the process that started it: progress, that it is ready with what others need to know, or why not. */
type Word = { readonly said: string } | { readonly ready: object } | { readonly problems: readonly Problem[] };

/** A part of Plumbline in a process of its own. */
export interface Part<Ready> {
  readonly pid: number;
  readonly ready: Ready;
  /** Resolves with the exit code, or null when a signal ended it. */
  readonly exited: Promise<number | null>;
  /** Asks it to end, and waits until it has. */
  stop(): Promise<void>;
}

/** How a part is started. */
export interface PartOptions {
  /** Where its output goes. */
  readonly logFile: string;
  readonly env: NodeJS.ProcessEnv;
  /** Ends it before it is ready. */
  readonly signal: AbortSignal;
  readonly onSaid?: (text: string) => void;
}

/** A part that was asked to end and has not after this many milliseconds is killed; what it holds ends with it. */
const patienceMs = 30_000;

/**
 * Starts `plumb …args` as a child and waits for its word. A pipe between the two is its lifeline: when this process is
 * gone, however it ended, the child sees the pipe close and ends as well. Rejects with its problems, or with
 * `Interrupted`, when it has ended.
 */
export async function startPart<Ready extends object>(
  args: readonly string[],
  options: PartOptions,
): Promise<Part<Ready>> {
  const { signal } = options;
  if (signal.aborted) throw new Interrupted();
  const log = openSync(options.logFile, "a", 0o600);
  const main = fileURLToPath(new URL("main.js", import.meta.url));
  const child = fork(main, [...args], { stdio: ["ignore", log, log, "ipc"], env: options.env });
  closeSync(log);
  const exited = endOf(child);
  const stop = async (): Promise<void> => {
    if (child.connected) child.disconnect();
    const timer = setTimeout(() => child.kill("SIGKILL"), patienceMs);
    await exited;
    clearTimeout(timer);
  };
  const onAbort = (): void => void stop();
  signal.addEventListener("abort", onAbort, { once: true });
  const word = await Promise.race([
    firstWord(child, options.onSaid),
    exited.then((code): Word => ({ problems: [unexpectedEnd(args, code, options.logFile)] })),
  ]);
  signal.removeEventListener("abort", onAbort);
  if ("ready" in word && !signal.aborted) return { pid: child.pid ?? 0, ready: word.ready as Ready, exited, stop };
  await stop();
  if (signal.aborted) throw new Interrupted();
  throw new ProblemsError("problems" in word ? word.problems : []);
}

/** Both have to be seen, since a child's last word may come after its exit. */
function endOf(child: ChildProcess): Promise<number | null> {
  const exit = new Promise<number | null>((resolve) =>
    child.once("exit", (code) => {
      resolve(code);
    }),
  );
  const disconnect = new Promise<void>((resolve) =>
    child.once("disconnect", () => {
      resolve();
    }),
  );
  return exit.then((code) => disconnect.then(() => code));
}

function firstWord(child: ChildProcess, onSaid: ((text: string) => void) | undefined): Promise<Word> {
  return new Promise((resolve) =>
    child.on("message", (message) => {
      const word = message as Word;
      if ("said" in word) onSaid?.(word.said);
      else resolve(word);
    }),
  );
}

function unexpectedEnd(args: readonly string[], code: number | null, logFile: string): Problem {
  return {
    code: "part-ended",
    message: `plumb ${args[0] ?? ""} ended before it was ready (${code === null ? "by a signal" : `exit code ${code}`})`,
    remedy: `its log says why: ${logFile}`,
  };
}

/** In the child: tells the parent, if there is one, that this part is ready. */
export function tellReady(ready: object): Promise<void> {
  return tell({ ready });
}

/** In the child: tells the parent, if there is one, what is going on. */
export function tellProgress(said: string): void {
  void tell({ said });
}

/** In the child: tells the parent, if there is one, why this part cannot do what it is there for. */
export function tellProblems(problems: readonly Problem[]): Promise<void> {
  return tell({ problems });
}

function tell(word: Word): Promise<void> {
  return new Promise((resolve) => {
    // A parent that is gone hears nothing; the lifeline says so to this process.
    if (process.send && process.connected) process.send(word, undefined, undefined, () => resolve());
    else resolve();
  });
}
