import { isJsonObject, valueAt } from "../model/json.ts";
import type { Json } from "../model/json.ts";
import type { Health } from "../model/health.ts";

/** A condition as Kubernetes' API conventions define it; members that the object leaves out are empty. */
export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
  /** The generation that it speaks of, where it says so. */
  readonly observedGeneration: number | undefined;
}

/** status.conditions of an object, empty where there are none. */
export function conditionsOf(object: Json): readonly Condition[] {
  return conditionsIn(valueAt(object, "status", "conditions"));
}

/** The conditions of a list, empty where it is none. */
export function conditionsIn(list: Json | undefined): readonly Condition[] {
  if (!Array.isArray(list)) return [];
  return (list as readonly Json[]).filter(isJsonObject).map((item) => {
    const observed = item["observedGeneration"];
    return {
      type: text(item["type"]),
      status: text(item["status"]),
      reason: text(item["reason"]),
      message: text(item["message"]),
      lastTransitionTime: text(item["lastTransitionTime"]),
      observedGeneration: typeof observed === "number" ? observed : undefined,
    };
  });
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

/** A list in an object; empty where it is missing. */
export function listAt(object: Json, ...path: readonly (string | number)[]): readonly Json[] {
  const value = valueAt(object, ...path);
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

/** `: why` on one line and of bearable length, or nothing where there is no why. */
export function because(why: string): string {
  const line = why.replaceAll(/\s+/g, " ").trim();
  return line === "" ? "" : `: ${line.length > 300 ? `${line.slice(0, 300)}…` : line}`;
}

function text(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

export const current = (reason: string, message: string): Health => ({ status: "Current", reason, message });
export const inProgress = (reason: string, message: string): Health => ({ status: "InProgress", reason, message });
export const unknown = (reason: string, message: string): Health => ({ status: "Unknown", reason, message });
export const failed = (reason: string, message: string): Health => ({ status: "Failed", reason, message });
/** A failure that waiting cannot mend (behaviour R2). */
export const dead = (reason: string, message: string): Health => ({ status: "Failed", reason, message, final: true });
