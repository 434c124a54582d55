import { readInventory } from "../../apply/inventory-store.ts";
import { guardPrune } from "../../apply/prune-guards.ts";
import { refKey, refLabel } from "../../model/object-ref.ts";
import { compareWithCluster } from "../cluster-comparison.ts";
import type { Clusters } from "../cluster-comparison.ts";
import type { Compare } from "./plan-application.ts";
import { plannedObjects } from "./planned-objects.ts";

/** Against what is live: as an engine of that namespace would plan it, with the API server's own dry run and the guards of a prune. */
export function compareLive(clusters: Clusters, namespace: string): Compare {
  return async (application, desired, before) => {
    const kube = await clusters.of(application);
    const inventory = await readInventory(kube, namespace, application.id);
    const { plan, rehearsal, live } = await compareWithCluster(kube, desired, inventory, true);
    const held = new Map<string, string>();
    for (const step of plan.prune) {
      const reason = await guardPrune(kube, plan, step, application.allowPrune ?? []);
      if (reason) held.set(refKey(step.entry), `${reason.message}; ${reason.remedy}`);
    }
    return {
      objects: plannedObjects(plan, { before, live, held, tried: rehearsal.answers }),
      unchanged: plan.unchanged.length,
      problems: rehearsal.refused.map(({ problem }) => problem),
      notes: [
        ...rehearsal.takeovers.map(
          ({ ref, field, manager }) => `${refLabel(ref)}: ${field} is taken over from ${manager}`,
        ),
        ...(rehearsal.later.size === 0
          ? []
          : [
              `${rehearsal.later.size} of its objects could be tried only in part: their namespace or kind is created with them`,
            ]),
      ],
    };
  };
}
