import type { ObjectRef } from "./object-ref.ts";
import type { Problem } from "./problem.ts";
import type { Drift, Outcome, Promotion, Rollback } from "./record.ts";

/** What a notice tells of: where a delivery stands, a change that was undone, or what became of a promotion. */
export const noticeTypes = ["delivery", "drift", "promotion"] as const;
export type NoticeType = (typeof noticeTypes)[number];

/**
 * One thing that the outside is told. It follows from a record alone: told twice, by another engine or after a crash, it has
 * the same `id`, so that whoever hears it can tell a repetition. Times are ISO 8601 in UTC. This is also, member by member,
 * the body of a webhook (docs/guides/notifications.md).
 */
export interface Notice {
  readonly version: 1;
  readonly id: string;
  readonly type: NoticeType;
  /** The delivery that it belongs to: the `delivery` of the record, of log lines, Events and traces. */
  readonly delivery: string;
  readonly application: string;
  readonly environment: string;
  readonly namespace: string;
  readonly cluster?: string;
  /** The commit of the deployment repository that it is about. */
  readonly commit: string;
  readonly subject: string;
  readonly author: string;
  readonly outcome: Outcome;
  /** CamelCase, for machines. */
  readonly reason: string;
  /** One plain sentence, for people. */
  readonly message: string;
  readonly remedy?: string;
  /** When it came to be so. */
  readonly at: string;
  readonly startedAt: string;
  /** The object that it is about: the first that is not healthy, what was changed, or else the first workload. */
  readonly object?: ObjectRef;
  readonly rollback?: Pick<Rollback, "commit" | "undoes">;
  readonly promotion?: Pick<Promotion, "outcome" | "from" | "images">;
  readonly drift?: Drift;
  /** The status page. */
  readonly page?: string;
}

/** What became of telling one notice: it was told; it is to be tried again; or it never will be, and why. */
export type Told =
  | { readonly kind: "told" }
  | {
      readonly kind: "later";
      readonly problem: Problem;
      readonly afterMs?: number;
      /** Time alone does not mend it, as where a right is missing. */
      readonly needsPerson?: boolean;
    }
  | { readonly kind: "never"; readonly problem: Problem };

/** Somebody outside who is told: a forge, a webhook, a cluster. */
export interface Receiver {
  readonly name: string;
  /** Whether this is for them. */
  readonly wants: (notice: Notice) => boolean;
  /** Tells it; `again` when an engine before may have told it already. Rejects never. */
  readonly tell: (notice: Notice, again: boolean, signal: AbortSignal) => Promise<Told>;
}
