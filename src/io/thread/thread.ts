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
  /** MiB of memory at most. */
  readonly mostMb: number;
  /** Ends it early; its reason is told. */
  readonly signal: AbortSignal;
}

/**
 * Does work in a thread of its own, so that neither its time nor its memory is that of everything else. Resolves when all
 * parts of the result were taken; rejects with a `ProblemError` where the thread met one, and where it was ended.
 */
export async function runInThread(work: ThreadWork): Promise<void> {
  const { module, given, mostMb, signal } = work;
  if (signal.aborted) throw ended(work, String(signal.reason));
  // Nothing of this process's environment is for it, and what it would print has no place in the log.
  const worker = new Worker(module, {
    workerData: given,
    env: {},
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: mostMb },
  });
  let stop = (): void => {};
  try {
    await new Promise<void>((resolve, reject) => {
      stop = () => reject(ended(work, String(signal.reason)));
      signal.addEventListener("abort", stop);
      worker.on("message", (message: FromThread) => {
        if (message.kind === "done") resolve();
        else if (message.kind === "problem") reject(new ProblemError(message.problem));
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window, and has no origin
        else reply(work, message).then((answer) => worker.postMessage(answer), reject);
      });
      worker.on("error", (error) => reject(isTooMuch(error) ? ended(work, `it takes more than ${mostMb} MiB`) : error));
      worker.on("exit", () => reject(ended(work, "its thread ended by itself")));
    });
  } finally {
    signal.removeEventListener("abort", stop);
    await worker.terminate();
  }
}

async function reply(
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
    remedy: "It is tried again; where it always ends so, split what it is about.",
  });
}
