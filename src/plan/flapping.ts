import { refKey } from "../model/object-ref.ts";
import type { ObjectRef } from "../model/object-ref.ts";
import type { Plan } from "../model/plan.ts";
import type { Drift } from "../model/record.ts";

/** So many changes of one object in a row are undone at once. */
const atOnce = 4;
const firstDelayMs = 1000;
const longestDelayMs = 300_000;
/** After so long without a change the next one is undone at once again. */
const forgottenMs = 2 * longestDelayMs;

/**
 * Until when an object is left alone whose change is undone now, given what was undone before (newest first), in milliseconds
 * since the epoch; undefined while it is not changed again and again (behaviour D6). Doubles each time, up to five minutes.
 */
export function leftAloneUntil(ref: ObjectRef, undone: readonly Drift[], nowMs: number): number | undefined {
  const key = refKey(ref);
  let count = 1;
  let newerMs = nowMs;
  for (const drift of undone) {
    if (refKey(drift.ref) !== key) continue;
    const atMs = Date.parse(drift.at);
    if (newerMs - atMs > forgottenMs) break;
    // What several managers did at once was undone at once.
    if (atMs !== newerMs) count += 1;
    newerMs = atMs;
  }
  if (count <= atOnce) return undefined;
  return nowMs + Math.min(longestDelayMs, firstDelayMs * 2 ** (count - atOnce - 1));
}

/** A plan without what is left alone for now, and when the first of that is due, in milliseconds since the epoch. */
export interface Postponed {
  readonly plan: Plan;
  readonly dueMs?: number;
}

/** Takes the objects out of a plan that flap and are not due yet; what was deleted is made again whatever happens. */
export function postponeFlapping(plan: Plan, undone: readonly Drift[], nowMs: number): Postponed {
  const due = new Map<string, number>();
  for (const { ref, leftAloneUntil: until } of undone) {
    // The newest says when; older ones are over.
    if (!due.has(refKey(ref))) due.set(refKey(ref), until === undefined ? 0 : Date.parse(until));
  }
  const dueMs = (ref: ObjectRef): number => due.get(refKey(ref)) ?? 0;
  const left = plan.apply.filter(({ manifest, live }) => live !== undefined && dueMs(manifest.ref) > nowMs);
  if (left.length === 0) return { plan };
  const apply = plan.apply.filter((step) => !left.includes(step));
  return { plan: { ...plan, apply }, dueMs: Math.min(...left.map(({ manifest }) => dueMs(manifest.ref))) };
}
