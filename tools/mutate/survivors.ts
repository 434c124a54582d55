/** A change that no test can catch since it changes nothing that anyone can see, or nothing that matters, and why. */
export interface Survivor {
  readonly module: string;
  /** The changed line. */
  readonly becomes: string;
  readonly why: string;
}

/** Those that are known. One that is caught or gone is told, and is to be taken out. */
export const survivors: readonly Survivor[] = [];
