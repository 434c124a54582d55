import type { Plan } from "./plan.ts";

/** For tests: a plan in which nothing is to be done, with whatever is to be different. */
export function samplePlan(different: Partial<Plan> = {}): Plan {
  const inventory = { application: "staging/shop", entries: [] };
  return {
    application: inventory.application,
    apply: [],
    later: [],
    leave: [],
    unchanged: [],
    prune: [],
    inventory,
    union: inventory,
    exact: inventory,
    ...different,
  };
}
