import { refLabel } from "../../model/object-ref.ts";
import type { FieldChange, PlanCounts, PlannedAction, PlannedObject } from "../../model/plan-document.ts";
import type { Place } from "../../model/problem.ts";

/** How a list of changes marks what becomes of an object. */
export const marks: { readonly [action in PlannedAction]: string } = {
  create: "+",
  configure: "~",
  delete: "-",
  keep: "=",
};

/** `2 to create, 1 to change, 0 to delete`, with what never gets that far. */
export function countsText(counts: PlanCounts): string {
  const applications = (count: number, what: string): string =>
    count === 0 ? "" : `; ${count} ${count === 1 ? "application" : "applications"} ${what}`;
  const objects = `${counts.create} to create, ${counts.configure} to change, ${counts.delete} to delete`;
  return `${objects}${applications(counts.refused, "refused")}${applications(counts.held, "held")}`;
}

/** An object on one line: `Deployment shop/web (staging/shop/web.yaml:3): why`. */
export function objectText({ ref, where, why, action }: PlannedObject): string {
  const kept = action === "keep" ? " stays" : "";
  return `${refLabel(ref)}${kept}${where ? ` (${placeText(where)})` : ""}${why === undefined ? "" : `: ${why}`}`;
}

/** `spec.replicas: 2 → 3 (changed by kubectl-scale)` */
export function fieldText({ field, from, to, note, by }: FieldChange): string {
  const change = note ?? (from === undefined ? `${to} (new)` : to === undefined ? `${from} (goes)` : `${from} → ${to}`);
  return `${field}: ${change}${by === undefined ? "" : ` (changed by ${by})`}`;
}

function placeText({ file, line }: Place): string {
  return line === undefined ? file : `${file}:${line}`;
}
