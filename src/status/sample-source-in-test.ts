import type { Application } from "../model/application.ts";
import type { DeliveryRecord } from "../model/record.ts";
import type { Revision } from "../model/revision.ts";
import type { StatusSource } from "./document.ts";

/** The one application of the status room's tests. */
export const sampleApplication: Application = {
  id: "staging/shop",
  name: "shop",
  environment: "staging",
  path: "staging/shop",
  namespace: "shop",
  allowClusterKinds: [],
  rollout: { deadlineMs: 300_000, soakMs: 0, onFailure: "revert", maxRestarts: 3, checks: [] },
  health: [],
  after: [],
  allowEmpty: false,
};

/** Revision c1 of tree t1 for "1". */
export function sampleRevision(number: string): Revision {
  return {
    commit: `c${number}`,
    tree: `t${number}`,
    subject: `Change ${number}`,
    author: "Ada",
    committedAt: "2026-01-01T00:00:00.000Z",
  };
}

/** A delivery that took 12.34 s and was healthy, with whatever is to be different. */
export function sampleRecord(different: Partial<DeliveryRecord>): DeliveryRecord {
  return {
    schema: 1,
    application: sampleApplication.id,
    environment: "staging",
    namespace: "shop",
    revision: sampleRevision("1"),
    outcome: "healthy",
    reason: "Healthy",
    message: "every object is healthy",
    startedAt: "2026-01-01T00:00:00.000Z",
    decidedAt: "2026-01-01T00:00:12.340Z",
    applied: [],
    takeovers: [],
    health: [],
    images: [],
    problems: [],
    drift: [],
    ...different,
  };
}

/** A source without applications, with whatever is to be different. */
export function sampleSource(different: Partial<StatusSource>): StatusSource {
  return {
    engine: { version: "0.1.0", startedAt: "2026-01-01T00:00:00.000Z" },
    repository: { url: "/srv/shop.git", branch: "main", reachable: true },
    applications: [],
    ...different,
  };
}
