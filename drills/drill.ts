/** An application's directory in the deployment repository: text by path, relative to that directory. */
export type DrillFiles = ReadonlyMap<string, string>;

/** What must be observed once the fault is pushed. */
export interface DrillExpectation {
  /** Where the delivery ends: undone by a commit, or delivered after all. */
  readonly outcome: "rolled-back" | "delivered";
  /** A word that the record's plain sentence holds when the delivery is blocked; absent when it is not. */
  readonly reason?: RegExp;
  /** What the drill shows, in one sentence for people. */
  readonly shows: string;
}

/** One fault: the commit that brings it in, and what must follow. Nothing is touched but Git. */
export interface Drill {
  /** As on the command line. */
  readonly name: string;
  /** What goes wrong, in one sentence for people. */
  readonly title: string;
  /** The files that the drill's commit changes. Throws an error with a remedy when the application is not as it needs. */
  readonly inject: (files: DrillFiles) => DrillFiles;
  readonly expect: DrillExpectation;
  /**
   * How the system becomes whole again: `rollback` is the engine's own commit, which the drill waits for; `revert` is a
   * commit that puts the changed files back.
   */
  readonly heal: "rollback" | "revert";
}
