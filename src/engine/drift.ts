import type { ObjectHealth } from "../model/health.ts";
import { refKey } from "../model/object-ref.ts";
import type { Drift } from "../model/record.ts";
import { refOf } from "../model/kube-object.ts";
import { leftAloneUntil } from "../plan/flapping.ts";
import { isCanary } from "../plan/canary-copies.ts";
import { waitingForHook } from "../plan/gate-hooks.ts";
import { driftOf } from "../plan/drift.ts";
import type { Outcome } from "./conclude.ts";
import { waitingForCanary } from "./phase.ts";
import type { Io } from "./reconcile.ts";

/**
 * What was undone in this pass (behaviour D6): steps of a plan whose revision had been applied before can only come from a
 * change behind Git's back, or have waited for a hook or a canary, which is none. What still differs in the answer to the
 * apply is the server's own way of writing, not a change. A canary is nobody's declaration, so its drift is not told.
 */
export function undoneDrift(
  io: Io,
  { known, record, plan, applied, observation }: Outcome,
  nowMs: number,
): readonly Drift[] {
  const before = known.record;
  if (before?.revision.tree !== record.revision.tree || before.applied.length === 0 || !applied.ok) return [];
  // An apply that broke off goes on here: what was missing is no drift.
  if (before.outcome !== "healthy" && before.problems.length > 0) return [];
  const changed = new Set(applied.steps.filter(({ outcome }) => outcome !== "unchanged").map(({ ref }) => refKey(ref)));
  const answers = new Map(applied.objects.map((object) => [refKey(refOf(object)), object]));
  const waiting = withheldIn(observation.objects);
  const due = new Set([...withheldIn(before.health)].filter((key) => !waiting.has(key)));
  return plan.apply
    .filter(({ manifest: { ref } }) => changed.has(refKey(ref)) && !due.has(refKey(ref)))
    .filter(({ manifest: { object } }) => !isCanary(object))
    .flatMap(({ manifest, live }) => {
      const { ref } = manifest;
      const answer = answers.get(refKey(ref));
      const written = new Set(answer ? driftOf(manifest, answer).flatMap(({ fields }) => fields) : []);
      const undoneMs = Math.max(0, nowMs - io.live.arrivedAt(ref, live));
      const until = leftAloneUntil(ref, record.drift, nowMs);
      return driftOf(manifest, live)
        .map(({ manager, fields }) => ({ manager, fields: fields.filter((field) => !written.has(field)) }))
        .filter(({ fields }) => fields.length > 0 || live === undefined)
        .map((cause) => ({
          ref,
          ...cause,
          at: new Date(nowMs).toISOString(),
          undoneMs,
          ...(until === undefined || live === undefined ? {} : { leftAloneUntil: new Date(until).toISOString() }),
        }));
    });
}

/** What waits for a hook or a canary. */
function withheldIn(objects: readonly ObjectHealth[]): ReadonlySet<string> {
  const reasons = [waitingForHook, waitingForCanary];
  return new Set(objects.filter(({ health }) => reasons.includes(health.reason)).map(({ ref }) => refKey(ref)));
}
