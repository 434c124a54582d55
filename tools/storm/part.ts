import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { plumb } from "../../conformance/engines/plumb-process.ts";

/** A `plumb` in a process of its own that is killed, held and started again. */
export class Part {
  readonly #args: readonly string[];
  readonly #log: string;
  readonly #env: NodeJS.ProcessEnv;
  #child: ChildProcess | undefined;
  #ended: Promise<number | null> = Promise.resolve(0);
  /** What is done to it, one after the other. */
  #last: Promise<unknown> = Promise.resolve();
  #isOver = false;
  /** It ended without being asked to. */
  onLost: (code: number | null) => void = () => undefined;

  constructor(args: readonly string[], log: string, env: NodeJS.ProcessEnv) {
    this.#args = args;
    this.#log = log;
    this.#env = env;
  }

  start(): void {
    // Somebody may still be about to start it again.
    if (this.#isOver) return;
    const log = openSync(this.#log, "a");
    const child = spawn(process.execPath, [plumb, ...this.#args], { stdio: ["ignore", log, log], env: this.#env });
    closeSync(log);
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      child.once("exit", (code) => {
        if (this.#child === child) this.onLost(code);
        resolve(code);
      });
    });
  }

  /** Ends it for good, also where it is held or on its way back; answers the exit code. */
  stop(): Promise<number | null> {
    this.#isOver = true;
    this.#child?.kill("SIGCONT");
    return this.#end("SIGTERM");
  }

  /** Sends the signal and waits for its end; answers the exit code. */
  #end(signal: "SIGKILL" | "SIGTERM"): Promise<number | null> {
    const child = this.#child;
    this.#child = undefined;
    child?.kill(signal);
    return this.#ended;
  }

  /** Ends it and starts it again after a while. */
  restart(signal: "SIGKILL" | "SIGTERM", away: () => Promise<unknown>): Promise<unknown> {
    return this.#inTurn(async () => {
      await this.#end(signal);
      await away();
      this.start();
    });
  }

  /** Stops it in its tracks for a while, as a machine does that is overloaded or asleep. */
  hold(away: () => Promise<unknown>): Promise<unknown> {
    return this.#inTurn(async () => {
      const child = this.#child;
      child?.kill("SIGSTOP");
      await away();
      child?.kill("SIGCONT");
    });
  }

  #inTurn(work: () => Promise<unknown>): Promise<unknown> {
    this.#last = this.#last.then(work, work);
    return this.#last;
  }
}
