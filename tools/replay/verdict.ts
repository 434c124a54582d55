import type { Disagreement } from "./compare.ts";

/** What came of one recorded exchange. */
export interface Verdict {
  readonly group: string;
  readonly scenario: string;
  readonly id: string;
  readonly title: string;
  /** Kinds that this cluster does not serve are counted apart. */
  readonly outcome: "agreed" | "disagreed" | "not served";
  readonly disagreements: readonly Disagreement[];
}
