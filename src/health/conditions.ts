import { valueAt } from "../model/json.ts";
import type { Json } from "../model/json.ts";
import type { Health } from "../model/health.ts";

/** A condition as Kubernetes' API conventions define it. */
export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
}

/** status.conditions of an object, empty where there are none. */
export function conditionsOf(object: Json): readonly Condition[] {
  const list = valueAt(object, "status", "conditions");
  if (!Array.isArray(list)) return [];
  return list.map((item: Json) => ({
    type: text(valueAt(item, "type")),
    status: text(valueAt(item, "status")),
    reason: text(valueAt(item, "reason")),
    message: text(valueAt(item, "message")),
    lastTransitionTime: text(valueAt(item, "lastTransitionTime")),
  }));
}

/** The condition of a type, if the object has it. */
export function condition(object: Json, type: string): Condition | undefined {
  return conditionsOf(object).find((one) => one.type === type);
}

/** A number in an object; `fallback` where it is missing. */
export function numberAt(object: Json, fallback: number, ...path: readonly (string | number)[]): number {
  const value = valueAt(object, ...path);
  return typeof value === "number" ? value : fallback;
}

/** A string in an object; empty where it is missing. */
export function textAt(object: Json, ...path: readonly (string | number)[]): string {
  return text(valueAt(object, ...path));
}

function text(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

export const current = (reason: string, message: string): Health => ({ status: "Current", reason, message });
export const inProgress = (reason: string, message: string): Health => ({ status: "InProgress", reason, message });
export const failed = (reason: string, message: string): Health => ({ status: "Failed", reason, message });
/** A failure that waiting cannot mend (behaviour R2). */
export const dead = (reason: string, message: string): Health => ({ status: "Failed", reason, message, final: true });
