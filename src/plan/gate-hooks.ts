import type { Observation } from "../model/health.ts";
import type { Manifest } from "../model/manifest.ts";
import { refKey, refLabel } from "../model/object-ref.ts";
import { hookOf } from "../model/plan.ts";
import type { ApplyStep, Plan } from "../model/plan.ts";

/** The reason of an object that is not applied yet, since a hook comes first. */
export const waitingForHook = "WaitingForHook";

/** A plan whose steps that hooks keep back are `later`, and by the keys of their references why. */
export interface Gated {
  readonly plan: Plan;
  readonly withheld: ReadonlyMap<string, string>;
}

/** What a hook may need: it is applied before any of them. */
const beforeHooks: ReadonlySet<string> = new Set(["namespaces", "definitions", "configuration"]);

/**
 * Keeps back what hooks gate (behaviour D4): services, workloads and the rest until every hook `before` is complete, hooks
 * `after` until all else is as Git says and healthy. `observe` says what is live before the plan is spent.
 */
export function gateHooks(plan: Plan, desired: readonly Manifest[], observe: () => Observation): Gated {
  const isPlanned = new Set(plan.apply.map(({ manifest }) => refKey(manifest.ref)));
  if (plan.apply.length === 0 || !desired.some(({ object }) => hookOf(object))) return { plan, withheld: new Map() };
  const isCurrent = new Set(
    observe()
      .objects.filter(({ health }) => health.status === "Current")
      .map(({ ref }) => refKey(ref)),
  );
  const open = desired.find(({ object, ref }) => hookOf(object) === "before" && !isCurrent.has(refKey(ref)));
  const unsettled = desired.find(
    ({ object, ref }) => hookOf(object) !== "after" && (isPlanned.has(refKey(ref)) || !isCurrent.has(refKey(ref))),
  );
  const reason = ({ manifest, stage }: ApplyStep): string | undefined => {
    const hook = hookOf(manifest.object);
    if (beforeHooks.has(stage) || hook === "before") return undefined;
    if (open) return `it is applied once the hook ${refLabel(open.ref)} is complete`;
    return hook === "after" && unsettled ? `this hook runs once ${refLabel(unsettled.ref)} is healthy` : undefined;
  };
  const withheld = new Map<string, string>();
  for (const step of plan.apply) {
    const why = reason(step);
    if (why !== undefined) withheld.set(refKey(step.manifest.ref), why);
  }
  const isLater = ({ manifest }: ApplyStep): boolean => withheld.has(refKey(manifest.ref));
  const apply = plan.apply.filter((step) => !isLater(step));
  return { plan: { ...plan, apply, later: [...plan.later, ...plan.apply.filter(isLater)] }, withheld };
}

/** What is withheld is on its way, whatever is live under its name: that is of an older revision. */
export function withhold(
  { objects, pods }: Observation,
  withheld: ReadonlyMap<string, string>,
  reason = waitingForHook,
): Observation {
  return {
    pods,
    objects: objects.map(({ ref, health }) => {
      const message = withheld.get(refKey(ref));
      return {
        ref,
        health: message === undefined ? health : { status: "InProgress", reason, message },
      };
    }),
  };
}
