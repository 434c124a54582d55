import type { Ground, Stage } from "./stage.ts";

/** One numbered behaviour of docs/behaviours.md, as it is to be seen from outside. */
export interface Behaviour {
  /** As in docs/behaviours.md: B1. */
  readonly number: string;
  /** A sentence that is true when the behaviour holds. */
  readonly title: string;
  /** Lower-case letters and digits: names the behaviour's repository and namespace. */
  readonly name: string;
  /** Why it cannot be seen here, in a sentence; undefined when it can. */
  readonly cannot?: (ground: Ground) => string | undefined;
  /** True where it disturbs whatever else the cluster does: it is seen when no other is. */
  readonly alone?: true;
  /** Rejects when it does not hold, with what was seen instead. */
  readonly holds: (stage: Stage) => Promise<void>;
}
