import type { KubeObject } from "../../model/kube-object.ts";
import type { Manifest } from "../../model/manifest.ts";
import { refKey } from "../../model/object-ref.ts";
import type { ObjectRef } from "../../model/object-ref.ts";
import type { ApplyStep, Plan } from "../../model/plan.ts";
import type { PlannedObject } from "../../model/plan-document.ts";
import { fieldChanges } from "../../plan/field-changes.ts";
import type { LiveLookup } from "../../plan/plan-changes.ts";

/** What is known beside a plan: of the objects that Git does not want any more, and of what the others become. */
export interface Beside {
  /** The revision before, for the places of what is gone. */
  readonly before: readonly Manifest[];
  readonly live: LiveLookup;
  /** By the key of its reference: why an object is not deleted though it is gone. */
  readonly held?: ReadonlyMap<string, string>;
  /** What to know of a deletion before it is merged. */
  readonly caution?: (ref: ObjectRef) => string | undefined;
  /** By the key of its reference: what the API server says that an object would be. */
  readonly tried?: ReadonlyMap<string, KubeObject>;
}

/** The objects that a plan changes or removes, in its order. */
export function plannedObjects(plan: Plan, { before, live, held, caution, tried }: Beside): readonly PlannedObject[] {
  const places = new Map(before.map(({ ref, where }) => [refKey(ref), where]));
  const pruned = plan.prune.map(({ entry }) => entry);
  const known = new Set([...plan.exact.entries, ...pruned].map(refKey));
  const stays = plan.inventory.entries.filter((entry) => !known.has(refKey(entry)) && live(entry) !== undefined);
  const gone = (entry: ObjectRef): Pick<PlannedObject, "ref" | "fields" | "where"> => {
    const { group, kind, namespace, name } = entry;
    const where = places.get(refKey(entry));
    return { ref: { group, kind, namespace, name }, fields: [], ...(where ? { where } : {}) };
  };
  return [
    ...plan.apply.map((step) => appliedObject(step, tried?.get(refKey(step.manifest.ref)))),
    ...pruned.map((entry): PlannedObject => {
      const reason = held?.get(refKey(entry));
      if (reason !== undefined) return { ...gone(entry), action: "keep", why: reason };
      const why = caution?.(entry);
      return { ...gone(entry), action: "delete", ...(why === undefined ? {} : { why }) };
    }),
    ...stays.map((entry): PlannedObject => {
      return { ...gone(entry), action: "keep", why: "it is annotated to stay, or is not this application's" };
    }),
  ];
}

function appliedObject({ action, manifest, live, why }: ApplyStep, tried: KubeObject | undefined): PlannedObject {
  const { ref, where } = manifest;
  const fields = live && comparable(live) ? fieldChanges(manifest, live, tried) : undefined;
  const unseen = live && !fields ? { why } : {};
  return { ref, action, where, fields: fields ?? [], ...unseen };
}

/** What is being deleted is created anew, whatever it was. */
function comparable({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp === undefined;
}
