import type { RolloutPolicy } from "../model/application.ts";
import type { Health, Observation } from "../model/health.ts";
import type { DeliveryRecord, HealthyRevision } from "../model/record.ts";

/** When the delivery of `record` began. */
export const start = Date.UTC(2026, 0, 1);
/** A minute to become healthy, ten seconds to stay so. */
export const policy: RolloutPolicy = {
  deadlineMs: 60_000,
  soakMs: 10_000,
  onFailure: "revert",
  maxRestarts: 2,
  checks: [],
};
/** What `record` goes back to. */
export const lastHealthy: HealthyRevision = {
  commit: "a".repeat(40),
  tree: "1".repeat(40),
  healthyAt: iso(start - 1000),
};

/** A time as records have it. */
export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** The record of a delivery that is under way, with whatever is to be different. */
export function record(changes: Partial<DeliveryRecord> = {}): DeliveryRecord {
  return {
    schema: 1,
    application: "staging/probe",
    environment: "staging",
    namespace: "probe",
    revision: { commit: "b".repeat(40), tree: "2".repeat(40), subject: "", author: "", committedAt: iso(start) },
    outcome: "progressing",
    reason: "Applied",
    message: "",
    startedAt: iso(start),
    lastHealthy,
    applied: [],
    takeovers: [],
    health: [],
    images: [],
    problems: [],
    drift: [],
    ...changes,
  };
}

/** Deployments d0, d1 and so on, each Current but for what is to be different. */
export function seen(...healths: readonly Partial<Health>[]): Observation {
  const objects = healths.map((health, index) => ({
    ref: { group: "apps", kind: "Deployment", namespace: "probe", name: `d${index}` },
    health: { status: "Current", reason: "Ready", message: "is ready", ...health } as Health,
  }));
  return { objects, pods: [] };
}

/** What waiting cannot mend. */
export const crash = {
  status: "Failed",
  reason: "CrashLoopBackOff",
  message: "pod d0-x keeps crashing",
  final: true,
} as const;
