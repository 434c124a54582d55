import type { ObjectHealth } from "./health.ts";
import { refLabel } from "./object-ref.ts";
import type { ObjectRef } from "./object-ref.ts";
import type { StepOutcome } from "./plan.ts";
import type { Problem } from "./problem.ts";
import type { Content, Revision } from "./revision.ts";

/**
 * Where a delivery stands. `progressing` waits for health or soaks; `healthy` passed its gate; `failed` did not and its
 * rollback commit is due or on its way; `rolled-back` saw that commit pushed; `held` waits for a person; `refused` never
 * touched the cluster (a manifest or the server's dry run said no); `superseded` gave way to a newer commit.
 */
export const outcomes = ["progressing", "healthy", "failed", "rolled-back", "held", "refused", "superseded"] as const;
export type Outcome = (typeof outcomes)[number];

/** How each outcome is said to people, in one or two words. */
export const outcomeWords: { readonly [outcome in Outcome]: string } = {
  progressing: "rolling out",
  healthy: "healthy",
  failed: "failed",
  "rolled-back": "rolled back",
  held: "held",
  refused: "refused",
  superseded: "superseded",
};

/**
 * A live change that was undone (behaviour D6): which object, which fields (none when the object was deleted), and the field
 * manager that did it, "unknown" where the server does not tell.
 */
export interface Drift {
  readonly ref: ObjectRef;
  readonly manager: string;
  readonly fields: readonly string[];
  readonly at: string;
  /** Milliseconds from the watch event to the restored object. */
  readonly undoneMs: number;
  /** It is changed again and again: until then the next change is not undone. */
  readonly leftAloneUntil?: string;
}

/** What was done behind Git's back, for people: `Deployment shop/web: spec.replicas was changed by kubectl-scale`. */
export function driftSentence({ ref, manager, fields, leftAloneUntil }: Drift): string {
  const rule = `{ kind: ${ref.kind}, name: ${ref.name}, fields: [${fields.map((field) => `'${field}'`).join(", ")}] }`;
  const again =
    leftAloneUntil === undefined
      ? ""
      : `, again and again, so that the next change is left alone until ${leftAloneUntil}; ` +
        `if it is theirs to change, write ignore: [${rule}] in the application's delivery.yaml`;
  if (fields.length === 0) return `${refLabel(ref)} was deleted${again}`;
  const were = fields.length === 1 ? "was" : "were";
  return `${refLabel(ref)}: ${fields.join(", ")} ${were} changed by ${manager}${again}`;
}

/** What became of a promotion, for people: `promoted: 1 image that staging/probe proved healthy`. */
export function promotionSentence({ outcome, message }: Promotion): string {
  return `${outcome}: ${message}`;
}

/** A declared field taken over from another manager (behaviour D5). */
export interface Takeover {
  readonly ref: ObjectRef;
  readonly manager: string;
  readonly field: string;
}

/** What one step of an apply did. */
export interface AppliedStep {
  readonly ref: ObjectRef;
  readonly outcome: StepOutcome;
}

/** The revision that a rollback goes back to. */
export interface HealthyRevision extends Content {
  readonly commit: string;
  readonly healthyAt: string;
  /** The images that it runs; absent in records of an engine that did not note them. */
  readonly images?: readonly string[];
}

/** A rollback commit: its own id, the commit it undoes and the healthy state it restores. */
export interface Rollback {
  readonly commit: string;
  readonly undoes: string;
  readonly restores: HealthyRevision;
}

/**
 * What became of a promotion. `waiting` for its soak, or for the delivery before it; `promoted` by a commit on the tracked
 * branch; `proposed` on a branch of its own; `rejected` because the images failed here or were taken back; `impossible` says why.
 */
export const promotionOutcomes = ["waiting", "promoted", "proposed", "rejected", "impossible"] as const;
export type PromotionOutcome = (typeof promotionOutcomes)[number];

/** Images that were healthy in one environment, on their way to the next. */
export interface PromotionCandidate {
  /** The application that they were healthy in: `staging/probe`. */
  readonly from: string;
  /** The revision of that application. */
  readonly commit: string;
  /** Those that differ from what Git wants here, as full references. */
  readonly images: readonly string[];
}

/** The newest promotion to an application (behaviours P1 to P3). Times are ISO 8601 in UTC. */
export interface Promotion extends PromotionCandidate {
  /** The tree of the application's directory that it was decided for. */
  readonly onto: string;
  readonly outcome: PromotionOutcome;
  /** One plain sentence, for people. */
  readonly message: string;
  readonly remedy?: string;
  readonly at: string;
  /** The commit that pins the images, once there is one. */
  readonly by?: string;
  /** Those that gave way to a newer one before they were promoted, newest first, at most five. */
  readonly superseded: readonly PromotionCandidate[];
}

/** The pods that ran when what was healthy began to be replaced, and when (ISO 8601 in UTC): metrics are compared with them. */
export interface Replaced {
  readonly pods: readonly string[];
  readonly at: string;
}

/** The canary of a delivery: so many pods beside those that it would replace, and, once it has passed, when (ISO 8601 in UTC). */
export interface CanaryProgress {
  readonly pods: number;
  readonly beside: number;
  readonly passedAt?: string;
}

/**
 * The state of one application's delivery: one JSON file an application on the delivery log branch (behaviour V1), one
 * commit each time the decision changes. Times are ISO 8601 in UTC. It is all that a restarted engine needs besides the
 * cluster itself (behaviour O1).
 */
export interface DeliveryRecord {
  readonly schema: 1;
  /** Names the delivery on every surface; absent in records of an engine that did not note it. */
  readonly delivery?: string;
  readonly application: string;
  readonly environment: string;
  readonly namespace: string;
  /** The cluster that the environment names; absent for the engine's own. */
  readonly cluster?: string;
  readonly revision: Revision;
  readonly outcome: Outcome;
  /** CamelCase, for machines. */
  readonly reason: string;
  /** One plain sentence, for people. */
  readonly message: string;
  /** What a person must do, where only a person can. */
  readonly remedy?: string;
  /** When this revision was first applied. */
  readonly startedAt: string;
  /** When every object became Current; the soak counts from here. */
  readonly currentSince?: string;
  /** Since when the checks fail without a break. */
  readonly failingSince?: string;
  /** Since when something of a revision that was healthy, proved so or in its soak, is not healthy any more. */
  readonly degradedSince?: string;
  /** When the outcome was decided. */
  readonly decidedAt?: string;
  readonly lastHealthy?: HealthyRevision;
  readonly canary?: CanaryProgress;
  /** Only where a check compares. */
  readonly replaced?: Replaced;
  readonly rollback?: Rollback;
  readonly promotion?: Promotion;
  readonly applied: readonly AppliedStep[];
  readonly takeovers: readonly Takeover[];
  readonly health: readonly ObjectHealth[];
  readonly images: readonly string[];
  readonly problems: readonly Problem[];
  /** The latest undone changes, newest first, at most twenty. */
  readonly drift: readonly Drift[];
}
