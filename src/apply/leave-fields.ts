import type { Kube, KubeAnswer, KubeRefusal } from "../io/kube/kube.ts";
import { fieldManager, initialManager } from "../model/application.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { refKey } from "../model/object-ref.ts";
import type { LeaveStep, Plan } from "../model/plan.ts";
import { refusedManifest } from "./refused.ts";
import type { Refused } from "./refused.ts";

/** What leaving fields to others did. */
export interface Left {
  /** The objects as the API server answered them. */
  readonly objects: readonly KubeObject[];
  readonly refused: readonly Refused[];
}

/**
 * Lets go of fields that Git leaves to others (behaviour D5). No value changes: another manager becomes owner of them first, since
 * the API server removes what nobody owns, and an autoscaler's Deployment would fall back to one pod. What somebody else has
 * changed meanwhile is his already: that is told by its event, and the next pass sees it.
 */
export async function leaveFields(kube: Kube, plan: Plan): Promise<Left> {
  const applied = new Set(plan.apply.map(({ manifest }) => refKey(manifest.ref)));
  const objects: KubeObject[] = [];
  const refused: Refused[] = [];
  for (const step of plan.leave) {
    const answer = await leave(kube, step, applied.has(refKey(step.manifest.ref)));
    if (answer?.ok === true) objects.push(answer.value);
    else if (answer) refused.push({ ...refusedManifest(step.manifest, answer.refusal), transient: true });
  }
  return { objects, refused };
}

/** `isApplied`: the plan applies the object besides, which lets the fields go. */
async function leave(
  kube: Kube,
  { manifest, given }: LeaveStep,
  isApplied: boolean,
): Promise<KubeAnswer<KubeObject> | undefined> {
  const found = await kube.resource(manifest.object.apiVersion, manifest.object.kind);
  if (!found.ok) return found;
  if (!found.value) return undefined;
  const options = { force: false, dryRun: false };
  const handed = await kube.apply(found.value, given, { ...options, fieldManager: initialManager });
  if (!handed.ok) return isTaken(handed.refusal) ? undefined : handed;
  if (isApplied) return undefined;
  const answer = await kube.apply(found.value, manifest.object, { ...options, fieldManager });
  return !answer.ok && isTaken(answer.refusal) ? undefined : answer;
}

function isTaken({ causes }: KubeRefusal): boolean {
  return causes.some(({ reason }) => reason === "FieldManagerConflict");
}
