import { Worker } from "node:worker_threads";
import { ProblemError } from "../../model/problem.ts";
import type { FromThread, ToThread } from "./messages.ts";

/** Work for a thread of its own. What it is given, and what it is answered, is cloned. */
export interface ThreadWork {
  /** The module that the thread runs; it speaks by `insideThread`. */
  readonly module: URL;
  /** What it is about, for messages. */
  readonly what: string;
  /** What the thread begins with. */
  readonly given: unknown;
  /** Answers what the thread asks for meanwhile. */
  readonly answer: (question: unknown) => Promise<unknown>;
  /** Takes one part of the result after the other; between two of them all others have their turn. */
  readonly take: (part: string) => void;
  readonly bounds: ThreadBounds;
  /** Ends it early; its reason is told. */
  readonly signal: AbortSignal;
}

/** How much a thread may take. */
export interface ThreadBounds {
  /** MiB of memory. */
  readonly memory: number;
  /** Milliseconds. */
  readonly time: number;
}

/**
 * Does work in a thread of its own, so that neither its time nor its memory is that of everything else. Resolves when all
 * parts of the result were taken, or with the bound that it went beyond; rejects with a `ProblemError` where the thread met
 * one, and where it was ended.
 */
export async function runInThread(work: ThreadWork): Promise<keyof ThreadBounds | undefined> {
  const { module, given, bounds, signal } = work;
  if (signal.aborted) throw ended(work, reasonOf(signal));
  // Nothing of this process's environment is for it, and what it would print has no place in the log.
  const worker = new Worker(module, {
    workerData: given,
    env: {},
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: bounds.memory },
  });
  let stop = (): void => {};
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve, reject) => {
      stop = () => reject(ended(work, reasonOf(signal)));
      signal.addEventListener("abort", stop);
      // A timer of its own: Node may forget AbortSignal.timeout where only AbortSignal.any still knows of it.
      timer = setTimeout(() => resolve("time"), bounds.time);
      worker.on("message", (message: FromThread) => {
        if (message.kind === "done") resolve(undefined);
        else if (message.kind === "problem") reject(new ProblemError(message.problem));
        else reply(worker, work, message).catch(reject);
      });
      worker.on("error", (error) => (isTooMuch(error) ? resolve("memory") : reject(error)));
      worker.on("exit", () => reject(ended(work, "its thread ended by itself")));
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    await worker.terminate();
  }
}

function reasonOf({ reason }: AbortSignal): string {
  return reason instanceof Error ? reason.message : String(reason);
}

async function reply(
  worker: Worker,
  work: ThreadWork,
  message: Extract<FromThread, { readonly id: number }>,
): Promise<void> {
  const answer = await answerTo(work, message);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window, and has no origin
  worker.postMessage(answer);
}

async function answerTo(
  { answer, take }: ThreadWork,
  message: Extract<FromThread, { readonly id: number }>,
): Promise<ToThread> {
  const { id } = message;
  try {
    return { id, value: message.kind === "part" ? take(message.part) : await answer(message.question) };
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return { id, problem: error.problem };
  }
}

function isTooMuch(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY";
}

function ended({ what }: ThreadWork, why: string): ProblemError {
  return new ProblemError({
    code: "thread-ended",
    message: `${what} was ended: ${why}.`,
    remedy: "It is tried again.",
  });
}
