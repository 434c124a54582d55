import type { Applied } from "../apply/apply.ts";
import { observe } from "../health/observe.ts";
import type { Application } from "../model/application.ts";
import type { Observation } from "../model/health.ts";
import type { KubeObject } from "../model/kube-object.ts";
import type { Manifest } from "../model/manifest.ts";
import type { DeliveryRecord } from "../model/record.ts";
import { postponeFlapping } from "../plan/flapping.ts";
import { gateHooks, withhold } from "../plan/gate-hooks.ts";
import type { Gated } from "../plan/gate-hooks.ts";
import { planChanges } from "../plan/plan-changes.ts";
import type { Stock } from "./inventory.ts";
import type { Known } from "./known.ts";
import { markLater } from "./phase.ts";
import type { Phase } from "./phase.ts";
import type { Io } from "./reconcile.ts";

/** What of a phase is applied now, and what is kept back, and why. */
export interface Planned extends Gated {
  /** When the first of what flaps and is left alone for now is due, in milliseconds since the epoch. */
  readonly dueMs?: number;
}

/** The plan of a phase beside what is live, without what flaps and is not due (behaviour D6) and what hooks keep back (D4). */
export function planPhase(
  io: Pick<Io, "live" | "clock">,
  application: Application,
  phase: Phase,
  { inventory, kept }: Stock,
  known: Known,
  record: DeliveryRecord,
): Planned {
  const changes = planChanges(phase.manifests, (ref) => io.live.get(ref), inventory, known.proved, phase.later);
  // What an older revision had undone again and again says nothing of this one's changes.
  const undone = record === known.record ? record.drift : [];
  const { plan, dueMs } = postponeFlapping(changes, undone, io.clock.now());
  const due = [dueMs, kept.dueMs].filter((ms) => ms !== undefined);
  const gated = gateHooks(plan, phase.manifests, () => observeNow(io, application, phase.manifests, []));
  return { ...gated, ...(due.length === 0 ? {} : { dueMs: Math.min(...due) }) };
}

/** How a phase is after the apply; what a hook or the canary keeps back is on its way. */
export function observePhase(
  io: Pick<Io, "live" | "clock">,
  application: Application,
  phase: Phase,
  { withheld }: Planned,
  { objects, stored }: Applied,
): Observation {
  const seen = observeNow(io, application, phase.manifests, [...objects, ...stored]);
  return markLater(withhold(seen, withheld), phase);
}

function observeNow(
  { live, clock }: Pick<Io, "live" | "clock">,
  { rollout: { maxRestarts }, health: rules }: Application,
  manifests: readonly Manifest[],
  answers: readonly KubeObject[],
): Observation {
  return observe(manifests, live.with(answers), { maxRestarts, rules, nowMs: clock.now() });
}
