import { parentPort, workerData } from "node:worker_threads";
import { ProblemError } from "../../model/problem.ts";
import type { FromThread, ToThread } from "./messages.ts";

/** What the module of a thread may do besides its own work. */
export interface InsideThread {
  /** Asks who started the thread. */
  readonly ask: (question: unknown) => Promise<unknown>;
  /** Gives a part of the result, and resolves when it was taken. */
  readonly give: (part: string) => Promise<void>;
}

/** Does `work` with what the thread was given, in the module that `runInThread` runs. */
export async function insideThread(work: (given: unknown, thread: InsideThread) => Promise<void>): Promise<void> {
  const port = parentPort;
  if (!port) throw new Error("this module is for a thread");
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  port.on("message", (answer: ToThread) => {
    const asked = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ("problem" in answer) asked?.reject(new ProblemError(answer.problem));
    else asked?.resolve(answer.value);
  });
  const say = (message: FromThread): void => port.postMessage(message);
  let last = 0;
  const asking = (message: (id: number) => FromThread): Promise<unknown> => {
    const id = ++last;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      say(message(id));
    });
  };
  try {
    await work(workerData, {
      ask: (question) => asking((id) => ({ kind: "question", id, question })),
      give: async (part) => void (await asking((id) => ({ kind: "part", id, part }))),
    });
    say({ kind: "done" });
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    say({ kind: "problem", problem: error.problem });
  }
}
