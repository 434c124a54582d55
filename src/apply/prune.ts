import type { Kube } from "../io/kube/kube.ts";
import type { Inventory, InventoryEntry } from "../model/inventory.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { compareRefs } from "../model/object-ref.ts";
import type { Plan, PruneStep } from "../model/plan.ts";
import type { Problem } from "../model/problem.ts";
import type { AppliedStep } from "../model/record.ts";
import { sameInventory, writeInventory } from "./inventory-store.ts";
import { guardPrune } from "./prune-guards.ts";
import { refusedObject } from "./refused.ts";
import type { Refused } from "./refused.ts";

/** How a prune is done. */
export interface PruneSettings {
  /** The engine's own namespace, where inventories are kept. */
  readonly namespace: string;
  /** The inventory as it is written now. */
  readonly known: Inventory;
  /** What Git says may go, with all that is in it, as `Kind/name`. */
  readonly allowed?: readonly string[];
}

/** What a prune did. With problems, the inventory still names everything, and the next pass goes on. */
export interface Pruned {
  readonly steps: readonly AppliedStep[];
  readonly inventory: Inventory;
  /** The ConfigMap of the inventory where it was written. */
  readonly stored: readonly KubeObject[];
  readonly problems: readonly Problem[];
  /** What was not deleted because more than it would go: it stays in the inventory until Git says that it is meant. */
  readonly held: readonly Problem[];
}

/**
 * Deletes what is gone from Git, once the new state is healthy (behaviour R7), each object only if it is still the one that
 * was planned for; then writes the exact inventory, if that is news. Does nothing when nothing is to be done (behaviour D7).
 */
export async function prune(kube: Kube, plan: Plan, settings: PruneSettings): Promise<Pruned> {
  const { namespace, known, allowed = [] } = settings;
  const steps: AppliedStep[] = [];
  const problems: Problem[] = [];
  const held: Problem[] = [];
  const kept: InventoryEntry[] = [];
  for (const step of plan.prune) {
    const reason = await guardPrune(kube, plan, step, allowed);
    if (reason) {
      held.push(reason);
      kept.push(step.entry);
      continue;
    }
    const done = await pruneStep(kube, step);
    if ("outcome" in done) steps.push(done);
    else problems.push(done.problem);
  }
  const left = { ...plan.exact, entries: [...plan.exact.entries, ...kept].toSorted(compareRefs) };
  if (problems.length > 0 || sameInventory(left, known)) return { steps, inventory: known, stored: [], problems, held };
  const written = await writeInventory(kube, namespace, left);
  if (!written.ok) return { steps, inventory: known, stored: [], problems: [written.refused.problem], held };
  return { steps, inventory: left, stored: [written.object], problems, held };
}

async function pruneStep(kube: Kube, { entry, live }: PruneStep): Promise<AppliedStep | Refused> {
  const found = await kube.resource(entry.apiVersion, entry.kind);
  if (!found.ok) return refusedObject(entry, found.refusal);
  const { group, kind, namespace, name } = entry;
  const ref = { group, kind, namespace, name };
  // Without its definition no object of the kind is left.
  if (found.value === undefined) return { ref, outcome: "deleted" };
  const { uid } = live.metadata;
  const answer = await kube.delete(found.value, namespace, name, uid === undefined ? {} : { uid });
  if (answer.ok || answer.refusal.code === 404) return { ref, outcome: "deleted" };
  // Another object has taken the name since: it is not ours to delete.
  if (answer.refusal.code === 409) return { ref, outcome: "skipped" };
  return refusedObject(ref, answer.refusal);
}
