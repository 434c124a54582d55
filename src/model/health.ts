import type { ObjectRef } from "./object-ref.ts";

/** kstatus's words for the health of an object (https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus). */
export const healthStatuses = ["InProgress", "Current", "Failed", "Terminating", "NotFound", "Unknown"] as const;
export type HealthStatus = (typeof healthStatuses)[number];

/**
 * The health of one object: the status, a CamelCase `reason`, one plain sentence. `final` is set on a failure that waiting
 * cannot mend (behaviour R2), so that the rollout ends at once.
 */
export interface Health {
  readonly status: HealthStatus;
  readonly reason: string;
  readonly message: string;
  readonly final?: boolean;
}

/** The health of one object of an application. */
export interface ObjectHealth {
  readonly ref: ObjectRef;
  readonly health: Health;
}

/** One pod of a rollout, as people see it. */
export interface PodProgress {
  readonly name: string;
  readonly workload: string;
  readonly generation: "new" | "old";
  readonly phase: string;
  readonly ready: boolean;
  readonly restarts: number;
  readonly message: string;
}

/** What the watches say now of everything a revision delivers. */
export interface Observation {
  readonly objects: readonly ObjectHealth[];
  readonly pods: readonly PodProgress[];
}

/**
 * What the policy's checks answered: all as expected, with what could not be asked, or the first that was not, in a plain
 * sentence. One with `failAfterMs` ends the delivery when that lasts for so long.
 */
export type CheckOutcome =
  | { readonly ok: true; readonly note?: string }
  | { readonly ok: false; readonly message: string; readonly failAfterMs?: number };
