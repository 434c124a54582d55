import type { DeliveryRecord } from "../model/record.ts";
import { recordSchema } from "./record-schema.ts";

/** Where the log has the record of an application. */
export function pathOf(application: string): string {
  return `${application}.json`;
}

/** A record as its file: keys in one order, two spaces, a newline at the end; the same record gives the same bytes. */
export function recordText(record: DeliveryRecord): string {
  return `${JSON.stringify(record, sortKeys, 2)}\n`;
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return Object.fromEntries(entries);
}

/** Reads a record's file; undefined when it is no record of `application`, whoever wrote it. */
export function parseRecord(content: Buffer, application: string): DeliveryRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(content.toString("utf8"));
  } catch {
    return undefined;
  }
  const parsed = recordSchema.safeParse(value);
  return parsed.success && parsed.data.application === application ? (parsed.data as DeliveryRecord) : undefined;
}
