import { deliveryId } from "../model/delivery-id.ts";
import type { Notice } from "../model/notice.ts";
import { outcomes } from "../model/record.ts";
import type { DeliveryRecord } from "../model/record.ts";
import { Meter } from "./meter.ts";

/** Seconds from a blink to an hour. */
const deliveryBuckets = [1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600];
/** Seconds from ten to a week. */
const dayBuckets = [10, 30, 60, 300, 900, 3600, 14_400, 86_400, 604_800];
const requestBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

const definitions = {
  plumbline_deliveries_total: {
    type: "counter",
    help: "Deliveries by their first decision; kind tells a commit of people from a rollback.",
  },
  plumbline_delivery_duration_seconds: {
    type: "histogram",
    help: "From the first pass over a revision to its first decision.",
    buckets: deliveryBuckets,
  },
  plumbline_lead_time_seconds: {
    type: "histogram",
    help: "From the time of a commit to its being healthy.",
    buckets: dayBuckets,
  },
  plumbline_time_to_restore_seconds: {
    type: "histogram",
    help: "From the first failure to the next healthy delivery of the application.",
    buckets: dayBuckets,
  },
  plumbline_rollbacks_total: { type: "counter", help: "Rollback commits that were met on the tracked branch." },
  plumbline_drift_undone_total: { type: "counter", help: "Changes behind Git's back that were undone." },
  plumbline_passes_total: {
    type: "counter",
    help: "Passes over applications, by whether trouble kept them from their work.",
  },
  plumbline_pass_duration_seconds: { type: "histogram", help: "How long passes took.", buckets: requestBuckets },
  plumbline_fetches_total: { type: "counter", help: "Fetches of the repository by result." },
  plumbline_fetch_duration_seconds: { type: "histogram", help: "How long fetches took.", buckets: requestBuckets },
  plumbline_notifications_total: {
    type: "counter",
    help: "Tries to tell the outside by receiver and result: told, later (tried again), resting (tried again rarely), never, dropped (too many waited).",
  },
} as const;

/** The metrics that an engine counts itself. */
export type EngineMeter = Meter<keyof typeof definitions>;

/** The meter of one process. */
export function engineMeter(): EngineMeter {
  return new Meter(definitions);
}

/** Begins the counters of an application at zero, since what appears with a one has not increased for Prometheus. */
export function introduce(meter: EngineMeter, { application, environment }: DeliveryRecord): void {
  const labels = { application, environment };
  meter.count("plumbline_rollbacks_total", labels, 0);
  meter.count("plumbline_drift_undone_total", labels, 0);
  for (const kind of ["commit", "rollback"]) {
    for (const outcome of decisions) meter.count("plumbline_deliveries_total", { ...labels, kind, outcome }, 0);
  }
}

/** The outcomes that a delivery's first decision can be. */
const decisions = outcomes.filter((one) => one !== "progressing" && one !== "rolled-back");

/** Counts what is new of an application after `before`, of which `history` has the records, newest first. */
export function countNews(
  meter: EngineMeter,
  news: readonly Notice[],
  history: readonly DeliveryRecord[],
  before: DeliveryRecord,
): void {
  for (const notice of news) {
    const { application, environment, type, outcome, delivery } = notice;
    const labels = { application, environment };
    if (type === "drift") meter.count("plumbline_drift_undone_total", labels);
    if (type !== "delivery") continue;
    if (outcome === "rolled-back") meter.count("plumbline_rollbacks_total", labels);
    const wasDecided = deliveryId(before) === delivery && before.outcome !== "progressing";
    if (outcome !== "progressing" && !wasDecided) countDecision(meter, notice, history);
  }
}

/** Counts the first decision of a delivery. */
function countDecision(meter: EngineMeter, notice: Notice, history: readonly DeliveryRecord[]): void {
  const { application, environment, outcome, delivery, startedAt, at } = notice;
  const index = history.findIndex((one) => deliveryId(one) === delivery);
  const record = history[index];
  const kind = record?.revision.undoes === undefined ? "commit" : "rollback";
  meter.count("plumbline_deliveries_total", { application, environment, kind, outcome });
  meter.observe("plumbline_delivery_duration_seconds", { environment, outcome }, secondsBetween(startedAt, at));
  if (outcome !== "healthy" || record === undefined) return;
  const labels = { application, environment };
  const lead = secondsBetween(record.revision.committedAt, at);
  if (kind === "commit") meter.observe("plumbline_lead_time_seconds", labels, lead);
  const failedAt = firstFailure(history.slice(index + 1));
  if (failedAt === undefined) return;
  meter.observe("plumbline_time_to_restore_seconds", labels, secondsBetween(failedAt, at));
}

/** When the first of the failures in a row began that the newest delivery ended; those behind it, newest first. */
function firstFailure(past: readonly DeliveryRecord[]): string | undefined {
  const healthy = past.findIndex(({ outcome }) => outcome === "healthy");
  const failures = (healthy < 0 ? past : past.slice(0, healthy)).filter(({ outcome }) => failed.has(outcome));
  return failures.at(-1)?.decidedAt;
}

const failed: ReadonlySet<string> = new Set(["failed", "rolled-back", "held"]);

function secondsBetween(from: string, to: string): number {
  return Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000);
}
