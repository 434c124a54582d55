import { createHash } from "node:crypto";
import { deliveryId } from "../model/delivery-id.ts";
import type { Notice } from "../model/notice.ts";
import type { ObjectRef } from "../model/object-ref.ts";
import { driftSentence, promotionSentence } from "../model/record.ts";
import type { DeliveryRecord, Drift } from "../model/record.ts";
import { shortId } from "../model/revision.ts";

/** How far back, before an application's newest news, an engine that starts tells again: what came before, it takes for told. */
const againMs = 3_600_000;

/** What is new in a record, for the outside, since the one before it; oldest first, nothing where it says the same. */
export function noticesBetween(before: DeliveryRecord, record: DeliveryRecord): readonly Notice[] {
  const isNew = deliveryId(before) !== deliveryId(record);
  const gaveWay = isNew && before.outcome === "progressing" ? [supersededBy(before, record)] : [];
  const newest = before.drift[0]?.at ?? "";
  const undone = record.drift.filter(({ at }) => at > newest).toReversed();
  const { promotion } = record;
  const isPromoted = promotion && promotionKey(promotion) !== promotionKey(before.promotion);
  return [
    ...gaveWay,
    ...undone.map((drift) => driftNotice(record, drift)),
    ...(isNew || stateKey(before) !== stateKey(record) ? [deliveryNotice(record)] : []),
    ...(isPromoted ? [promotionNotice(record, promotion)] : []),
  ];
}

/**
 * What an engine that starts tells of an application, from its records, newest first: where it stands, and what happened in
 * the hour before that, which the engine before it may not have come to tell. Whoever was told already knows it by its id.
 */
export function noticesAgain(history: readonly DeliveryRecord[]): readonly Notice[] {
  const [record] = history;
  if (record === undefined) return [];
  const since = new Date(Date.parse(lastMoment(record)) - againMs).toISOString();
  const past = history.slice(1).flatMap((one, index) => {
    const successor = history[index] ?? record;
    if (successor.startedAt < since) return [];
    return [one.outcome === "progressing" ? supersededBy(one, successor) : deliveryNotice(one)];
  });
  const undone = record.drift.filter(({ at }) => at >= since).map((drift) => driftNotice(record, drift));
  const { promotion } = record;
  const promoted = promotion && promotion.at >= since ? [promotionNotice(record, promotion)] : [];
  return [...[...past, ...undone].toSorted(byTime), deliveryNotice(record), ...promoted];
}

/** What of a delivery is worth telling: not each step of the way, but why it waits, and what was decided. */
function stateKey(record: DeliveryRecord): string {
  const { outcome, reason, message, remedy, rollback } = record;
  return JSON.stringify([outcome, reason, outcome === "progressing" ? "" : [message, remedy, rollback?.commit]]);
}

function promotionKey(promotion: DeliveryRecord["promotion"]): string {
  return JSON.stringify(promotion && [promotion.outcome, promotion.commit, promotion.images, promotion.by]);
}

function lastMoment({ startedAt, decidedAt = startedAt }: DeliveryRecord): string {
  return decidedAt > startedAt ? decidedAt : startedAt;
}

function byTime(left: Notice, right: Notice): number {
  return left.at < right.at ? -1 : left.at > right.at ? 1 : 0;
}

type Telling = Pick<Notice, "outcome" | "reason" | "message" | "at"> & Partial<Notice>;

function notice(record: DeliveryRecord, type: Notice["type"], telling: Telling): Notice {
  const { application, environment, namespace, cluster, revision, startedAt } = record;
  const { commit, subject, author } = revision;
  const delivery = deliveryId(record);
  const object = concerned(record);
  const key = [delivery, type, telling.outcome, telling.reason, telling.message, telling.at];
  return {
    version: 1,
    id: createHash("sha256").update(JSON.stringify(key)).digest("hex").slice(0, 32),
    type,
    delivery,
    application,
    environment,
    namespace,
    ...(cluster === undefined ? {} : { cluster }),
    commit,
    subject,
    author,
    startedAt,
    ...(object ? { object } : {}),
    ...telling,
  };
}

/** The first that fails, then the first that is not healthy, then what runs pods, then anything. */
function concerned({ health }: DeliveryRecord): ObjectRef | undefined {
  const order = [
    health.find((one) => one.health.status === "Failed"),
    health.find((one) => one.health.status !== "Current"),
    health.find((one) => workloads.has(`${one.ref.group}/${one.ref.kind}`)),
    health[0],
  ];
  return order.find((one) => one !== undefined)?.ref;
}

const workloads: ReadonlySet<string> = new Set([
  "apps/Deployment",
  "apps/StatefulSet",
  "apps/DaemonSet",
  "batch/Job",
  "batch/CronJob",
]);

function deliveryNotice(record: DeliveryRecord): Notice {
  const { outcome, reason, message, remedy, rollback, startedAt } = record;
  return notice(record, "delivery", {
    outcome,
    reason,
    message,
    ...(remedy === undefined ? {} : { remedy }),
    ...(rollback ? { rollback: { commit: rollback.commit, undoes: rollback.undoes } } : {}),
    at: outcome === "progressing" ? startedAt : lastMoment(record),
  });
}

function supersededBy(record: DeliveryRecord, { revision, startedAt }: DeliveryRecord): Notice {
  const message = `${shortId(revision.commit)} came before it was decided`;
  return notice(record, "delivery", { outcome: "superseded", reason: "Superseded", message, at: startedAt });
}

function driftNotice(record: DeliveryRecord, drift: Drift): Notice {
  const message = `undone: ${driftSentence(drift)}`;
  return notice(record, "drift", {
    outcome: record.outcome,
    reason: "DriftUndone",
    message,
    at: drift.at,
    drift,
    object: drift.ref,
  });
}

function promotionNotice(record: DeliveryRecord, promotion: NonNullable<DeliveryRecord["promotion"]>): Notice {
  const { outcome, from, images, remedy, at } = promotion;
  return notice(record, "promotion", {
    outcome: record.outcome,
    reason: `Promotion${outcome.charAt(0).toUpperCase()}${outcome.slice(1)}`,
    message: promotionSentence(promotion),
    ...(remedy === undefined ? {} : { remedy }),
    promotion: { outcome, from, images },
    at,
  });
}
