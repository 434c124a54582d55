import type { Health, PodProgress } from "./health.ts";
import type { ObjectRef } from "./object-ref.ts";
import type { Drift, HealthyRevision, Outcome, Promotion, Rollback } from "./record.ts";
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
  readonly applications: readonly ApplicationStatus[];
}
