import type { Application } from "../model/application.ts";
import type { Observation } from "../model/health.ts";
import type { Problem } from "../model/problem.ts";
import type { DeliveryRecord } from "../model/record.ts";

/** The deployment repository as the engine last saw it. */
export interface Repository {
  readonly url: string;
  readonly branch: string;
  readonly commit?: string;
  readonly reachable: boolean;
  /** Why it cannot be reached, or why what it says as a whole cannot be delivered. */
  readonly trouble?: Problem;
  readonly fetchedAt?: string;
}

/** Everything that there is to show of one application. */
export interface ApplicationSnapshot {
  readonly application: Application;
  readonly record: DeliveryRecord;
  readonly observation: Observation;
  /** Newest first; the first is `record`. */
  readonly history: readonly DeliveryRecord[];
}

/** What the engine knows at one moment. */
export interface Snapshot {
  readonly repository: Repository;
  readonly applications: readonly ApplicationSnapshot[];
}
