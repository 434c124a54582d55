import type { Observation } from "../model/health.ts";
import type { Inventory } from "../model/inventory.ts";
import type { Problem } from "../model/problem.ts";
import type { DeliveryRecord } from "../model/record.ts";
import type { Equivalence } from "../plan/equivalence.ts";

/** What the engine remembers of an application from pass to pass. All of it can be found again in Git and the cluster. */
export interface Known {
  readonly record?: DeliveryRecord;
  /** The record as the delivery log has it. */
  readonly logged?: DeliveryRecord;
  /** When that was written, in milliseconds since the epoch; undefined for what an earlier engine wrote. */
  readonly loggedAtMs?: number;
  /** As last written; undefined until it was read. */
  readonly inventory?: Inventory;
  readonly proved: Equivalence;
  readonly observation: Observation;
}

/** What a pass leaves behind. */
export interface Pass {
  readonly known: Known;
  /** Look again at this time at the latest, in milliseconds since the epoch. */
  readonly againAtMs?: number;
  /** The branch has moved: fetch before the next pass. */
  readonly fetch?: boolean;
  /** Git no longer has the application and nothing of it is left: it is to be forgotten. */
  readonly gone?: boolean;
  /** What kept the pass from doing its work; it is tried again, later each time. */
  readonly trouble?: Problem;
}

/** The pass, looked at again `atMs` at the latest. */
export function sooner(pass: Pass, atMs: number | undefined): Pass {
  return atMs === undefined ? pass : { ...pass, againAtMs: Math.min(atMs, pass.againAtMs ?? atMs) };
}

/** Before the first pass. */
export const nothingKnown: Known = { proved: new Map(), observation: { objects: [], pods: [] } };
