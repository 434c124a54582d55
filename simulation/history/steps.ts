import type { Behaviour } from "../cluster/images.ts";
import type { Flaw, HookTime, Policy } from "./manifests.ts";

/** An application by its place in the list of all that a history may have. */
export const places = ["staging/one", "staging/two", "production/one", "far/one"] as const;
export type PlaceName = (typeof places)[number];

/** The environments of those, each of which promotes to the next. */
export const environments = ["staging", "production", "far"] as const;

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
  /** A hook and a workload that it gates. */
  | { readonly do: "hook"; readonly at: PlaceName; readonly when: HookTime; readonly image: Behaviour }
  | { readonly do: "check"; readonly at: PlaceName; readonly image: Behaviour }
  /** From now on it is made of its own manifests and of what several share. */
  | { readonly do: "base"; readonly at: PlaceName; readonly image: Behaviour }
  | { readonly do: "change-base"; readonly image: Behaviour }
  | { readonly do: "mend"; readonly at: PlaceName }
  | { readonly do: "add-file"; readonly at: PlaceName; readonly file: number; readonly stays: boolean }
  | { readonly do: "remove-file"; readonly at: PlaceName; readonly file: number }
  | { readonly do: "settings"; readonly at: PlaceName }
  /** With `both` the same application was changed on both sides. */
  | { readonly do: "merge"; readonly at: PlaceName; readonly image: Behaviour; readonly both: boolean }
  | { readonly do: "swap"; readonly at: PlaceName; readonly with: PlaceName; readonly rewritten: boolean }
  /** A commit with the tree that is there already. */
  | { readonly do: "repeat" }
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
  | { readonly do: "break-policy" }
  | { readonly do: "drop-policy" };

/** Something that is done to the cluster by hand. */
export type HandAct =
  | { readonly do: "edit"; readonly at: PlaceName }
  | { readonly do: "delete-by-hand"; readonly at: PlaceName; readonly what: HandDeleted }
  | { readonly do: "unlabel"; readonly at: PlaceName }
  | { readonly do: "squat"; readonly at: PlaceName; readonly file: number }
  /** Deletes one of its objects and makes another one of that name. */
  | { readonly do: "replace"; readonly at: PlaceName; readonly file: number }
  | { readonly do: "foreign"; readonly at: PlaceName };

/** Something that befalls the processes and the ways between them. */
export type Mishap =
  | { readonly do: "kill"; readonly lost: boolean; readonly downMs: number }
  /** Its machine sleeps, and wakes with its clock set. */
  | { readonly do: "freeze"; readonly forMs: number; readonly setMs: number }
  | { readonly do: "git-down"; readonly forMs: number }
  | { readonly do: "api-down"; readonly forMs: number }
  | { readonly do: "protect"; readonly forMs: number }
  | { readonly do: "untold"; readonly forMs: number }
  | { readonly do: "set-clock"; readonly byMs: number; readonly isStandby: boolean }
  | { readonly do: "delete-log" }
  | { readonly do: "rewind-log"; readonly by: number }
  | { readonly do: "garble-log"; readonly how: Garbling };

/** What becomes of the delivery log: it is another history, says nothing that can be read, or says it on top of what it was. */
export const garblings = ["other", "unreadable", "unreadable-on-top"] as const;
export type Garbling = (typeof garblings)[number];

/** One thing that somebody does, or that happens. */
export type Act = GitAct | HandAct | Mishap;

const byHand: ReadonlySet<Act["do"]> = new Set(["edit", "delete-by-hand", "unlabel", "squat", "replace", "foreign"]);
const mishaps: ReadonlySet<Act["do"]> = new Set([
  "kill",
  "freeze",
  "git-down",
  "api-down",
  "protect",
  "untold",
  "set-clock",
  "delete-log",
  "rewind-log",
  "garble-log",
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
 * What an engine does next, in the middle of which something else may happen: it has made a rollback or a promotion and not pushed
 * it; it is about to delete an object; or it pushes to the delivery log or to the tracked branch, writes an inventory or another
 * object, or deletes one, and has not heard yet that it was done.
 */
export const moments = ["commit", "log", "main", "inventory", "write", "deleting", "delete"] as const;
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
