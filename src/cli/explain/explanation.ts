import type { DeliveryStep } from "../../history/find-delivery.ts";
import type { FieldChange, PlannedObject } from "../../model/plan-document.ts";
import type { Problem } from "../../model/problem.ts";
import type { AppliedStep, DeliveryRecord, HealthyRevision, Takeover } from "../../model/record.ts";
import type { ObjectHealth } from "../../model/health.ts";
import type { Revision } from "../../model/revision.ts";

/** One commit that is part of the cause. */
export interface CauseCommit {
  readonly commit: string;
  readonly subject: string;
  readonly author: string;
  readonly committedAt: string;
}

/** A file below the application's directory that the delivery brought in another form. */
export interface ChangedFile {
  readonly path: string;
  readonly change: "added" | "changed" | "removed";
}

/** What the delivery changed of what was healthy before. */
export interface Cause {
  /** What it is compared with; absent where nothing was ever healthy. */
  readonly since?: HealthyRevision;
  /** Newest first. */
  readonly commits: readonly CauseCommit[];
  /** Of a rollback: the commit whose state it brings back, which somebody else wrote. */
  readonly restores?: CauseCommit;
  readonly files: readonly ChangedFile[];
  readonly settings: readonly FieldChange[];
  readonly objects: readonly PlannedObject[];
}

/** The commit that put Git back. */
export interface RollbackCommit {
  readonly commit: string;
  readonly parents: readonly string[];
  readonly restores: HealthyRevision;
  readonly committedAt: string;
}

/** The answer of `plumb explain`: one delivery from its cause to what can be done about it. Times are ISO 8601 in UTC. */
export interface Explanation {
  readonly schema: 1;
  readonly repository: string;
  readonly branch: string;
  readonly application: string;
  /** Its id, as logs, notices and the delivery log name it. */
  readonly delivery: string;
  readonly outcome: DeliveryRecord["outcome"];
  readonly reason: string;
  readonly message: string;
  readonly revision: Revision;
  readonly cause: Cause;
  readonly applied: readonly AppliedStep[];
  readonly takeovers: readonly Takeover[];
  readonly problems: readonly Problem[];
  /** Objects that were not as they must be when it was decided. */
  readonly unhealthy: readonly ObjectHealth[];
  readonly steps: readonly (Pick<DeliveryStep, "commit" | "at"> & Pick<DeliveryRecord, "outcome" | "message">)[];
  readonly rollback?: RollbackCommit;
  /** Images of it that may not come back by themselves, with the commit that says so (behaviour B5). */
  readonly rejected: readonly { readonly image: string; readonly by: string }[];
  /** What the application is at now, where this is not its newest delivery. */
  readonly now?: Pick<DeliveryRecord, "outcome" | "message"> & { readonly commit: string };
  /** What a person can do, in words and commands. */
  readonly next: readonly string[];
}
