import { createHash } from "node:crypto";
import type { DeliveryRecord } from "./record.ts";

/** What a delivery's id is made from. */
type Beginning = Pick<DeliveryRecord, "application" | "startedAt"> & { readonly revision: { readonly tree: string } };

/**
 * The id of the delivery that begins here: 32 hex digits, so that it can be the id of a trace as well. It follows from what
 * is delivered, where to and since when, so that another engine which takes the record up names it the same.
 */
export function newDeliveryId({ application, startedAt, revision }: Beginning): string {
  return createHash("sha256")
    .update(JSON.stringify([application, revision.tree, startedAt]))
    .digest("hex")
    .slice(0, 32);
}

/** The id of the delivery that a record is of; records of an engine that noted none have the one that it would have. */
export function deliveryId(record: DeliveryRecord): string {
  return record.delivery ?? newDeliveryId(record);
}
