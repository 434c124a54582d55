import { difference, emptySet, type FieldSet, intersection, isEmptySet, isSubset, union } from "./field-set.ts";
import { fieldSetOf, withNamedFields } from "./field-set-of.ts";
import type { Json } from "./json.ts";
import type { Managed } from "./managed-fields.ts";
import { removeFields } from "./remove.ts";
import type { Structure } from "./structure.ts";

/**
 * The merged value without what this applier owned last time, does not apply any more, and nobody else owns.
 * @param last what the applier owned before
 * @param managed all owners, this applier with its new fields
 */
export function prune(structure: Structure, merged: Json, last: FieldSet, managed: Managed): Json {
  let owned = emptySet;
  for (const owner of managed.values()) owned = union(owned, owner.fields);
  if (isEmptySet(last) || isSubset(last, owned)) return merged;
  const named = (set: FieldSet): FieldSet => withNamedFields(set, structure);
  const lastNamed = named(last);
  const mergedFields = named(fieldSetOf(structure, merged));
  // Take all of it out, put back what anyone owns, and then what the applier never had: its neighbours in a removed map.
  const withoutLast = removeFields(structure, merged, lastNamed);
  const kept = union(named(fieldSetOf(structure, withoutLast)), named(owned));
  const withOwned = removeFields(structure, merged, difference(mergedFields, kept));
  const gone = difference(mergedFields, named(fieldSetOf(structure, withOwned)));
  return removeFields(structure, merged, intersection(gone, lastNamed));
}
