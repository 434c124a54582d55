/** What to run. Arguments are never a shell's; the environment is exactly what is given. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env: { readonly [name: string]: string };
  readonly stdin?: Buffer | string;
  readonly timeoutMs?: number;
  /** Ends the program and everything it started. */
  readonly signal?: AbortSignal;
  /** Bytes of stdout that are kept; a program that says more is ended. Default 256 MiB; of stderr the last 64 KiB stay. */
  readonly maxOutputBytes?: number;
  /** Called with each piece of output as it comes, for progress. */
  readonly onOutput?: (text: string) => void;
}

/** How it ended. `code` is null when a signal ended it; `missing` when the program is not there. */
export interface Finished {
  readonly code: number | null;
  readonly signal: string | null;
  readonly missing: boolean;
  readonly timedOut: boolean;
  /** It said more than `maxOutputBytes` and was ended for it. */
  readonly overflowed: boolean;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** The door to other programs. */
export interface Processes {
  run(command: Command): Promise<Finished>;
}
