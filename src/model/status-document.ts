import type { Health, PodProgress } from "./health.ts";
import type { ObjectRef } from "./object-ref.ts";
import type {
  CanaryProgress,
  Drift,
  HealthyRevision,
  Outcome,
  Promotion,
  PromotionCandidate,
  Rollback,
} from "./record.ts";
import type { Revision } from "./revision.ts";

/** One past delivery, as the page and `plumb status` list it. Times are ISO 8601 in UTC, durations milliseconds. */
export interface DeliverySummary {
  readonly revision: Revision;
  readonly outcome: Outcome;
  readonly reason: string;
  readonly message: string;
  readonly startedAt: string;
  readonly decidedAt?: string;
  readonly durationMs?: number;
  readonly rollback?: Rollback;
  /** Where its images had been proved healthy, when a promotion brought them. */
  readonly promotedFrom?: Pick<PromotionCandidate, "from" | "commit">;
}

/** What comes next where nothing new is pushed. `at` is when, ISO 8601 in UTC, where it is a matter of time. */
export interface NextStep {
  /** Who acts: the engine by itself, or a person, without whom it stays as it is. */
  readonly who: "engine" | "person";
  readonly at?: string;
  /** One plain clause; "by then" in it means `at`. */
  readonly message: string;
}

/** One object of an application with its health and whether it is as Git says. */
export interface ObjectStatus {
  readonly ref: ObjectRef;
  readonly health: Health;
  readonly inSync: boolean;
}

/** Everything that is shown of one application (behaviour V2). */
export interface ApplicationStatus {
  readonly id: string;
  readonly name: string;
  readonly environment: string;
  readonly namespace: string;
  /** The cluster that the environment names; absent for the engine's own. */
  readonly cluster?: string;
  /** What Git asks for. */
  readonly wanted: { readonly revision: Revision; readonly images: readonly string[] };
  /** What the cluster runs and was last proved healthy; absent before the first healthy delivery. */
  readonly live?: HealthyRevision & { readonly images: readonly string[] };
  /** True when the wanted revision is the one that is live and healthy. */
  readonly inSync: boolean;
  readonly outcome: Outcome;
  readonly reason: string;
  readonly message: string;
  readonly remedy?: string;
  readonly startedAt: string;
  readonly decidedAt?: string;
  readonly deadlineAt?: string;
  /** Absent where nothing is due: the revision is healthy and stays so. */
  readonly next?: NextStep;
  /** The share of the pods that tries a changed template before the rest is changed; absent where none does. */
  readonly canary?: CanaryProgress;
  /** What comes, or came, from the environment before; absent where nothing is promoted. */
  readonly promotion?: Promotion;
  readonly objects: readonly ObjectStatus[];
  readonly pods: readonly PodProgress[];
  readonly drift: readonly Drift[];
  /** Newest first. */
  readonly history: readonly DeliverySummary[];
}

/** The one document behind every view: the page, `plumb status`, the delivery log's own page. */
export interface StatusDocument {
  readonly schema: 1;
  readonly generatedAt: string;
  readonly engine: { readonly version: string; readonly startedAt: string };
  readonly repository: {
    readonly url: string;
    readonly branch: string;
    readonly commit?: string;
    readonly reachable: boolean;
    /** Why the repository cannot be reached, in a plain sentence. */
    readonly trouble?: string;
    readonly fetchedAt?: string;
  };
  /** Who outside cannot be told where deliveries stand until a person mends it, and why; absent where there is nobody. */
  readonly untold?: readonly { readonly receiver: string; readonly message: string }[];
  readonly applications: readonly ApplicationStatus[];
  /**
   * On the delivery log of many applications: the files that have them, documents of this shape each, which are as old as the last
   * decision on one of theirs. Absent where `applications` has them all.
   */
  readonly parts?: readonly string[];
}
