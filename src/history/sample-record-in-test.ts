import type { DeliveryRecord } from "../model/record.ts";

/** A record for tests: healthy, with whatever is to be different. */
export function sampleRecord(different: Partial<DeliveryRecord> = {}): DeliveryRecord {
  return {
    schema: 1,
    application: "staging/probe",
    environment: "staging",
    namespace: "probe-staging",
    revision: {
      commit: "1a2b3c4d".padEnd(40, "0"),
      tree: "2".repeat(40),
      subject: "Change probe",
      author: "A <a@b>",
      committedAt: "2026-11-23T20:00:00.000Z",
    },
    outcome: "healthy",
    reason: "Healthy",
    message: "Every object is current and stayed so.",
    startedAt: "2026-11-23T20:00:00.000Z",
    decidedAt: "2026-11-23T20:00:12.340Z",
    applied: [],
    takeovers: [],
    health: [],
    images: [],
    problems: [],
    drift: [],
    ...different,
  };
}
