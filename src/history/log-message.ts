import { deliveryId } from "../model/delivery-id.ts";
import { driftSentence, promotionSentence } from "../model/record.ts";
import type { DeliveryRecord, Outcome } from "../model/record.ts";
import { shortId } from "../model/revision.ts";
import { commitMessage } from "./commit-message.ts";

/** The commit message of one decision on the delivery log, so that `git log` reads as the deployment history. */
export function logMessage(record: DeliveryRecord): string {
  return commitMessage(
    `${record.application}: ${headline(record)}`,
    [record.message, record.remedy ?? ""],
    [
      ["Plumbline-Application", record.application],
      ["Plumbline-Commit", record.revision.commit],
      ["Plumbline-Delivery", deliveryId(record)],
      ["Plumbline-Outcome", record.outcome],
      ["Plumbline-Reason", record.reason],
    ],
  );
}

function headline(record: DeliveryRecord): string {
  const [newest] = record.drift;
  // A change undone after the decision is what this commit is about.
  const { promotion, decidedAt } = record;
  const isPromotion = promotion !== undefined && promotion.at > (newest?.at ?? "");
  if (newest && !isPromotion && decidedAt !== undefined && newest.at > decidedAt) {
    const open = record.degradedSince === undefined ? "" : ", not healthy again yet";
    return `undone in ${newest.undoneMs} ms${open}: ${driftSentence(newest)}`;
  }
  if (isPromotion && decidedAt !== undefined && promotion.at > decidedAt) {
    return `promotion ${promotionSentence(promotion)}`;
  }
  const at = shortId(record.revision.commit);
  const why = record.message.replace(/\.$/, "");
  const restored = record.rollback ? ` to ${shortId(record.rollback.restores.commit)}` : "";
  const headlines: Readonly<Record<Outcome, string>> = {
    progressing: record.canary?.passedAt === undefined ? `delivering ${at}` : `the canary of ${at} has passed`,
    healthy: `healthy at ${at}${took(record)}`,
    failed: `failed at ${at}${took(record)}: ${why}`,
    "rolled-back": `rolled back ${at}${restored}`,
    held: `held at ${at}: ${why}`,
    refused: `refused ${at}: ${why}`,
    superseded: `${at} gave way to a newer commit`,
  };
  return headlines[record.outcome];
}

/** How long a delivery took, ` (in 12.3 s)`; empty while it is not decided. */
export function took(record: DeliveryRecord): string {
  if (record.decidedAt === undefined) return "";
  const seconds = Math.max(0, Date.parse(record.decidedAt) - Date.parse(record.startedAt)) / 1000;
  if (seconds < 60) return ` (in ${seconds.toFixed(1)} s)`;
  return ` (in ${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s)`;
}
