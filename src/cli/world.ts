import type { Clock } from "../io/clock/clock.ts";
import type { Terminal } from "./terminal.ts";

/** What a command sees of the machine; main.ts alone builds the real one. */
export interface World {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly clock: Clock;
  /** From 0 up to but not 1. */
  readonly random: () => number;
  /** For what a command answers; `--json` goes here and nothing else does. */
  readonly out: Terminal;
  /** For progress and errors. */
  readonly err: Terminal;
  /**
   * Aborted when this process is asked to end, with the signal's name as its reason. A command that takes it must end by
   * itself then; one that does not is ended by the system as usual.
   */
  readonly ending: () => AbortSignal;
}

/** How commands end; `plumb --help` lists them. */
export const exitCodes = {
  done: 0,
  /** Something is not as it must be: a failed release, an unhealthy delivery, a difference found by `verify`. */
  failed: 1,
  /** The command line or a configuration file is wrong. */
  usage: 2,
  /** `plumb status`: there is no delivery log, or it cannot be read. */
  unreadable: 2,
  /** `plumb plan --exit-code`: something would change, and all of it would be delivered. */
  changes: 3,
  /** Ended by Ctrl-C. */
  interrupted: 130,
} as const;
