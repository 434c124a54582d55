import { type Comparison, compareValues } from "./compare.ts";
import { conflictError, type Conflict } from "./conflict.ts";
import { deepDifference, difference, type FieldSet, intersection, isEmptySet, setOf, union } from "./field-set.ts";
import type { Json } from "./json.ts";
import type { Managed, Owner } from "./managed-fields.ts";
import { fieldElement, type PathElement } from "./path-element.ts";
import type { Structure } from "./structure.ts";

/** Fields of metadata that nobody owns: the server's own, and the object's name. */
const neverOwned = setOf(
  ...[
    ["apiVersion"],
    ["kind"],
    ["metadata"],
    ["metadata", "name"],
    ["metadata", "namespace"],
    ["metadata", "creationTimestamp"],
    ["metadata", "selfLink"],
    ["metadata", "uid"],
    ["metadata", "clusterName"],
    ["metadata", "generation"],
    ["metadata", "managedFields"],
    ["metadata", "resourceVersion"],
  ].map((path) => path.map(fieldElement)),
);

/** A set without the fields that nobody owns. */
export function ownable(fields: FieldSet): FieldSet {
  return difference(fields, neverOwned);
}

/** Compares two states of an object, leaving out the fields that this kind of write resets. */
export function compareStates(structure: Structure, before: Json, after: Json, reset: FieldSet): Comparison {
  const { added, modified, removed } = compareValues(structure, before, after);
  if (isEmptySet(reset)) return { added, modified, removed };
  return {
    added: deepDifference(added, reset),
    modified: deepDifference(modified, reset),
    removed: deepDifference(removed, reset),
  };
}

/** What a change does to the other owners: who loses changed fields, and everyone what is gone. */
export function settleOwners(
  managed: Managed,
  self: string,
  { added, modified, removed }: Comparison,
): { readonly managed: Managed; readonly conflicts: readonly Conflict[] } {
  const changed = union(modified, added);
  const conflicts: Conflict[] = [];
  const settled = new Map<string, Owner>();
  for (const id of [...managed.keys()].toSorted()) {
    const owner = managed.get(id);
    if (owner === undefined) continue;
    let fields = owner.fields;
    if (id !== self) {
      const lost = intersection(fields, changed);
      if (!isEmptySet(lost)) conflicts.push({ owner, fields: lost });
      fields = difference(difference(fields, lost), removed);
    }
    if (!isEmptySet(fields)) settled.set(id, fields === owner.fields ? owner : { ...owner, fields });
  }
  return { managed: settled, conflicts };
}

/** Throws the 409 that an apply without force answers. */
export function refuseConflicts(conflicts: readonly Conflict[]): void {
  if (conflicts.length > 0) throw conflictError(conflicts);
}

/** A set of paths given by their field names. */
export function fieldPaths(paths: readonly (readonly string[])[]): FieldSet {
  return setOf(...paths.map((path): readonly PathElement[] => path.map(fieldElement)));
}
