import type { HealthyRevision } from "./record.ts";

/**
 * What a pass decides from health, record, policy and time. `wait` is looked at again at the latest `atMs` (milliseconds
 * since the epoch) or when a watch speaks; `steady` keeps the outcome, and notes since when what was proved healthy is not;
 * `advance` says that the canary has passed, so that the rest of the revision follows;
 * `rollback` asks history for the commit that restores `to`.
 */
export type Decision =
  | { readonly kind: "steady"; readonly degradedSinceMs?: number; readonly atMs?: number }
  | {
      readonly kind: "wait";
      readonly reason: string;
      readonly message: string;
      readonly atMs: number;
      readonly currentSinceMs?: number;
      readonly failingSinceMs?: number;
      readonly degradedSinceMs?: number;
    }
  | { readonly kind: "advance"; readonly message: string }
  | { readonly kind: "healthy"; readonly message: string }
  | { readonly kind: "rollback"; readonly reason: string; readonly message: string; readonly to: HealthyRevision }
  | { readonly kind: "hold"; readonly reason: string; readonly message: string; readonly remedy: string };
