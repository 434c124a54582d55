import { exitCodes } from "./world.ts";
import type { World } from "./world.ts";

/** Thrown where work stops because the process was asked to end: nothing is wrong, so nothing is printed. */
export class Interrupted extends Error {
  constructor() {
    super("asked to end");
    this.name = "Interrupted";
  }
}

let ending: AbortSignal | undefined;

/**
 * The signal that is aborted when this process is asked to end: SIGTERM, SIGINT or SIGHUP, or the end of a part's lifeline.
 * A part leaves SIGINT to its parent, since Ctrl-C reaches both at once and only the parent knows the order.
 */
export function processEnding(): AbortSignal {
  if (ending) return ending;
  const controller = new AbortController();
  ending = controller.signal;
  const isPart = process.send !== undefined;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (!isPart || signal !== "SIGINT") controller.abort(signal);
    });
  }
  if (isPart && !process.connected) controller.abort("disconnect");
  process.once("disconnect", () => {
    controller.abort("disconnect");
  });
  return ending;
}

/** Resolves with the reason when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(String(signal.reason));
    else signal.addEventListener("abort", () => resolve(String(signal.reason)), { once: true });
  });
}

/** What `work` comes to, or `Interrupted` as soon as the signal is aborted; the work itself must be ended by its owner. */
export async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  let end = (): void => {};
  const stopped = new Promise<never>((_, reject) => {
    end = (): void => reject(new Interrupted());
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    signal.removeEventListener("abort", end);
  }
}

/** The exit code of a command that was asked to end: `plumb down` ends an `up` in good order, Ctrl-C interrupts it. */
export function exitCodeOfEnding(world: World): number {
  return world.ending().reason === "SIGINT" ? exitCodes.interrupted : exitCodes.done;
}
