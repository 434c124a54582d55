import { timeText } from "../clock.ts";

/** What the conditions of all kinds have in common. */
interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

/** The condition of a type. */
export function conditionOf<C extends Condition>(conditions: readonly C[] | undefined, type: string): C | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** Whether a condition of the type says "True". */
export function holds(conditions: readonly Condition[] | undefined, type: string): boolean {
  return conditionOf(conditions, type)?.status === "True";
}

/** A condition whose transition time is now, or that of `before` while the status is the same. */
export function conditionAt<S extends string>(
  [type, status, reason, message]: readonly [type: string, status: S, reason: string, message: string],
  nowMs: number,
  before?: Condition,
): { type: string; status: S; lastTransitionTime: string; reason: string; message: string } {
  const since = before?.status === status ? before.lastTransitionTime : undefined;
  return { type, status, lastTransitionTime: since ?? timeText(nowMs), reason, message };
}
