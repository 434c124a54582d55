import { refKey } from "../model/object-ref.ts";
import type { Drift } from "../model/record.ts";
import { driftOf } from "../plan/drift.ts";
import type { Outcome } from "./conclude.ts";
import type { Io } from "./reconcile.ts";

/**
 * What was undone in this pass (behaviour D6): steps of a plan whose revision had been applied before can only come from a
 * change behind Git's back.
 */
export function undoneDrift(io: Io, { known, record, plan, applied }: Outcome, nowMs: number): readonly Drift[] {
  const before = known.record;
  if (before?.revision.tree !== record.revision.tree || before.applied.length === 0 || !applied.ok) return [];
  const changed = new Set(applied.steps.filter(({ outcome }) => outcome !== "unchanged").map(({ ref }) => refKey(ref)));
  return plan.apply
    .filter(({ manifest }) => changed.has(refKey(manifest.ref)))
    .flatMap(({ manifest, live }) =>
      driftOf(manifest.object, live).map(({ manager, fields }) => ({
        ref: manifest.ref,
        manager,
        fields,
        at: new Date(nowMs).toISOString(),
        undoneMs: Math.max(0, nowMs - io.live.arrivedAt(manifest.ref, live)),
      })),
    );
}
