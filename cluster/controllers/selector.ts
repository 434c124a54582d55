import type { LabelSelector, LabelSelectorRequirement } from "kubernetes-types/meta/v1.js";

type Labels = Readonly<Record<string, string>> | undefined;

/** Whether labels fit a selector; an empty selector fits everything, a missing one nothing. */
export function matches(selector: LabelSelector | undefined, labels: Labels): boolean {
  if (!selector) return false;
  return (
    matchesLabels(selector.matchLabels, labels) &&
    (selector.matchExpressions ?? []).every((requirement) => fits(requirement, labels?.[requirement.key]))
  );
}

/** Whether labels hold every wanted pair. */
export function matchesLabels(wanted: Labels, labels: Labels): boolean {
  return Object.entries(wanted ?? {}).every(([key, value]) => labels?.[key] === value);
}

function fits({ operator, values = [] }: LabelSelectorRequirement, value: string | undefined): boolean {
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    default:
      return false;
  }
}
