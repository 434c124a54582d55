import type { Behaviour } from "../cluster/images.ts";
import type { Flaw, Policy } from "./manifests.ts";

/** An application by its place in the list of all that a history may have. */
export const places = ["staging/one", "staging/two", "production/one"] as const;
export type PlaceName = (typeof places)[number];

/** What somebody may delete with kubectl. */
export const handDeleted = ["web", "settings", "pod", "namespace"] as const;
export type HandDeleted = (typeof handDeleted)[number];

/** Something that is pushed to the deployment repository. */
export type GitAct =
  | { readonly do: "add"; readonly at: PlaceName }
  | {
      readonly do: "change";
      readonly at: PlaceName;
      readonly image: Behaviour;
      readonly recreate: boolean;
      /** A file that comes with it, or goes where it was. */
      readonly file?: number;
    }
  | { readonly do: "change-both"; readonly at: PlaceName; readonly image: Behaviour }
  | { readonly do: "spoil"; readonly at: PlaceName; readonly flaw: Flaw }
  | { readonly do: "mend"; readonly at: PlaceName }
  | { readonly do: "add-file"; readonly at: PlaceName; readonly file: number; readonly stays: boolean }
  | { readonly do: "remove-file"; readonly at: PlaceName; readonly file: number }
  | { readonly do: "settings"; readonly at: PlaceName }
  | { readonly do: "merge"; readonly at: PlaceName; readonly image: Behaviour }
  | { readonly do: "rename"; readonly at: PlaceName; readonly to: PlaceName; readonly rewritten: boolean }
  | { readonly do: "remove"; readonly at: PlaceName }
  | { readonly do: "empty"; readonly at: PlaceName }
  | { readonly do: "go-back"; readonly by: number }
  | { readonly do: "go-aside"; readonly by: number; readonly at: PlaceName; readonly image: Behaviour }
  | { readonly do: "revert"; readonly at: PlaceName; readonly by: number }
  | { readonly do: "merge-proposals" }
  | { readonly do: "copy-rollback" }
  | { readonly do: "depend"; readonly at: PlaceName }
  | { readonly do: "policy"; readonly onFailure: Policy["onFailure"] }
  | { readonly do: "break-policy" };

/** Something that is done to the cluster by hand. */
export type HandAct =
  | { readonly do: "edit"; readonly at: PlaceName }
  | { readonly do: "delete-by-hand"; readonly at: PlaceName; readonly what: HandDeleted }
  | { readonly do: "unlabel"; readonly at: PlaceName }
  | { readonly do: "squat"; readonly at: PlaceName; readonly file: number }
  | { readonly do: "foreign"; readonly at: PlaceName };

/** Something that befalls the processes and the ways between them. */
export type Mishap =
  | { readonly do: "kill"; readonly lost: boolean; readonly downMs: number }
  | { readonly do: "freeze"; readonly forMs: number }
  | { readonly do: "git-down"; readonly forMs: number }
  | { readonly do: "api-down"; readonly forMs: number }
  | { readonly do: "protect"; readonly forMs: number }
  | { readonly do: "untold"; readonly forMs: number }
  | { readonly do: "delete-log" };

/** One thing that somebody does, or that happens. */
export type Act = GitAct | HandAct | Mishap;

const byHand: ReadonlySet<Act["do"]> = new Set(["edit", "delete-by-hand", "unlabel", "squat", "foreign"]);
const mishaps: ReadonlySet<Act["do"]> = new Set([
  "kill",
  "freeze",
  "git-down",
  "api-down",
  "protect",
  "untold",
  "delete-log",
]);

/** True of what is done with kubectl. */
export function isByHand(act: Act): act is HandAct {
  return byHand.has(act.do);
}

/** True of what nobody does on purpose. */
export function isMishap(act: Act): act is Mishap {
  return mishaps.has(act.do);
}

/**
 * What an engine does next, in the middle of which something else may happen: it pushes to the delivery log or to the tracked
 * branch, writes an inventory or another object, or deletes one. It has not heard yet that it was done.
 */
export const moments = ["log", "main", "inventory", "write", "delete"] as const;
export type Moment = (typeof moments)[number];

/** An act, when it comes, and how long nothing else is done after it. */
export interface Step {
  readonly act: Act;
  /** Left out: now. A moment that does not come within forty seconds lets the act be. */
  readonly when?: Moment;
  readonly thenMs: number;
}

/** A whole history: what the repository begins with, and what becomes of it. */
export interface History {
  readonly policy: Policy;
  /** The applications that are there from the first commit on. */
  readonly begin: readonly PlaceName[];
  /** Two take part in the election of a leader. */
  readonly engines: 1 | 2;
  /** How often single requests go wrong, from 0 to 1. */
  readonly faults: number;
  /** Where chance begins: latencies, names, back-offs. */
  readonly seed: number;
  readonly steps: readonly Step[];
}

/** A history as text that can be read, and pasted into a test. */
export function script({ steps, ...world }: History): string {
  const lines = steps.map(({ act, when, thenMs }) => `    ${JSON.stringify({ act, when, thenMs })},`);
  return `  ${JSON.stringify(world).slice(0, -1)}, "steps": [\n${lines.join("\n")}\n  ]}`;
}
