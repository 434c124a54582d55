import { z } from "zod";
import { outcomes, promotionOutcomes } from "../model/record.ts";
import type { DeliveryRecord } from "../model/record.ts";

/** A record as its file: keys in one order, two spaces, a newline at the end; the same record gives the same bytes. */
export function recordText(record: DeliveryRecord): string {
  return `${JSON.stringify(record, sortKeys, 2)}\n`;
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return Object.fromEntries(entries);
}

const time = z.iso.datetime();
const composed = z
  .looseObject({
    directory: z.string(),
    bases: z.array(z.looseObject({ path: z.string(), tree: z.string() })),
  })
  .optional();
const healthy = z.looseObject({
  commit: z.string(),
  composed,
  tree: z.string(),
  healthyAt: time,
  images: z.array(z.string()).optional(),
});
const candidate = z.looseObject({ from: z.string(), commit: z.string(), images: z.array(z.string()) });
const reference = z.looseObject({ group: z.string(), kind: z.string(), namespace: z.string(), name: z.string() });

/** What is relied on when a record is read; the rest is carried along. */
const recordSchema = z.looseObject({
  schema: z.literal(1),
  delivery: z.string().optional(),
  application: z.string(),
  environment: z.string(),
  namespace: z.string(),
  cluster: z.string().optional(),
  revision: z.looseObject({
    commit: z.string(),
    tree: z.string(),
    composed,
    subject: z.string(),
    author: z.string(),
    committedAt: time,
    undoes: z.string().optional(),
  }),
  outcome: z.enum(outcomes),
  reason: z.string(),
  message: z.string(),
  remedy: z.string().optional(),
  startedAt: time,
  currentSince: time.optional(),
  failingSince: time.optional(),
  decidedAt: time.optional(),
  lastHealthy: healthy.optional(),
  canary: z.looseObject({ pods: z.number(), beside: z.number(), passedAt: time.optional() }).optional(),
  rollback: z.looseObject({ commit: z.string(), undoes: z.string(), restores: healthy }).optional(),
  promotion: candidate
    .extend({
      onto: z.string(),
      outcome: z.enum(promotionOutcomes),
      message: z.string(),
      remedy: z.string().optional(),
      at: time,
      by: z.string().optional(),
      superseded: z.array(candidate),
    })
    .optional(),
  applied: z.array(z.looseObject({ ref: reference, outcome: z.string() })),
  takeovers: z.array(z.looseObject({ ref: reference, manager: z.string(), field: z.string() })),
  health: z.array(z.looseObject({ ref: reference, health: z.looseObject({ status: z.string() }) })),
  images: z.array(z.string()),
  problems: z.array(z.looseObject({ code: z.string(), message: z.string() })),
  drift: z.array(z.looseObject({ ref: reference, manager: z.string(), at: z.string() })),
});

/** Reads a record's file; undefined when it is no record of `application`, whoever wrote it. */
export function parseRecord(content: Buffer, application: string): DeliveryRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(content.toString("utf8"));
  } catch {
    return undefined;
  }
  const parsed = recordSchema.safeParse(value);
  return parsed.success && parsed.data.application === application
    ? (parsed.data as unknown as DeliveryRecord)
    : undefined;
}
