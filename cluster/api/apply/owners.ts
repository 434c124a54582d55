import type { Schema } from "../schema.ts";
import type { JsonMap } from "../stored-object.ts";
import { type Comparison, compareValues } from "./compare.ts";
import type { Conflict } from "./conflict.ts";
import { difference, type FieldSet, fieldsAt, intersection, isEmptySet, union } from "./field-set.ts";
import { isList, isMap } from "./json.ts";
import { capUpdates, decodeManaged, type Identity, type Managed, type Owner, ownerId } from "./managed-fields.ts";

/** Fields that nobody owns: the server's own, and the object's name. */
const neverOwned = fieldsAt(
  "apiVersion",
  "kind",
  "metadata",
  ...["name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName"].map((name) => `metadata.${name}`),
  ...["generation", "managedFields", "resourceVersion"].map((name) => `metadata.${name}`),
);

/** A set without the fields that nobody owns. */
export function ownable(fields: FieldSet): FieldSet {
  return difference(fields, neverOwned);
}

/** Fields that are reset by a write of the status, whatever the request says; of other kinds it is the spec alone. */
const resetByStatus: Readonly<Record<string, FieldSet>> = {
  "apps/v1/Deployment": fieldsAt("spec", "metadata.labels"),
  "v1/Pod": fieldsAt("spec", "metadata.deletionTimestamp", "metadata.ownerReferences"),
  "apiextensions.k8s.io/v1/CustomResourceDefinition": fieldsAt("spec", "metadata"),
};

/** Fields that a write through a subresource does not set, and so nobody comes to own. */
export function resetFields(kind: string, subresource: string, isCustom: boolean, hasStatus: boolean): FieldSet {
  if (subresource === "" && hasStatus) return fieldsAt("status");
  if (subresource !== "status") return fieldsAt();
  return isCustom ? fieldsAt("spec", "metadata") : (resetByStatus[kind] ?? fieldsAt("spec"));
}

/** Compares two states of an object, leaving out the fields that this kind of write resets. */
export function compareStates(
  schema: Schema | undefined,
  before: unknown,
  after: unknown,
  reset: FieldSet,
): Comparison {
  const { added, modified, removed } = compareValues(schema, before, after);
  const counted = (fields: FieldSet): FieldSet => difference(fields, reset, true);
  return { added: counted(added), modified: counted(modified), removed: counted(removed) };
}

/** What a change does to the other owners: who loses changed fields, and everyone what is gone. */
export function settleOwners(
  managed: Managed,
  self: string | undefined,
  { added, modified, removed }: Comparison,
): { readonly managed: Managed; readonly conflicts: readonly Conflict[] } {
  const changed = union(modified, added);
  const conflicts: Conflict[] = [];
  const settled = new Map<string, Owner>();
  for (const [id, owner] of [...managed].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const lost = intersection(owner.fields, changed);
    if (id !== self && !isEmptySet(lost)) conflicts.push({ owner, fields: lost });
    const fields = id === self ? owner.fields : difference(difference(owner.fields, lost), removed);
    if (!isEmptySet(fields)) settled.set(id, { ...owner, fields });
  }
  return { managed: settled, conflicts };
}

/**
 * The owners after an ordinary write: the writer owns what it added or changed, everyone loses what was changed by
 * another or is gone. The writer's time moves only if it gained fields.
 */
export function ownersAfterUpdate(
  managed: Managed,
  comparison: Comparison,
  writer: Identity,
  time: string | undefined,
): Managed {
  const settled = settleOwners(managed, undefined, comparison).managed;
  const gained = ownable(union(comparison.modified, comparison.added));
  if (isEmptySet(gained)) return settled;
  const id = ownerId(writer);
  const fields = union(gained, settled.get(id)?.fields ?? gained);
  return capUpdates(new Map(settled).set(id, { ...writer, time, fields }));
}

/**
 * The owners that an update starts from: those in the request, or the live object's where the request has none that can be
 * read. A request with the one entry `{}` resets them. Writes of a subresource cannot touch them.
 */
export function ownersBeforeUpdate(live: JsonMap | undefined, next: JsonMap, subresource: string): Managed {
  const entries = isMap(next["metadata"]) ? next["metadata"]["managedFields"] : undefined;
  const [only, ...others] = isList(entries) ? entries : [];
  if (subresource === "" && isMap(only) && others.length + Object.keys(only).length === 0) return new Map();
  const requested = subresource === "" ? decodeManaged(next) : undefined;
  return requested !== undefined && requested.size > 0 ? requested : (decodeManaged(live) ?? new Map<string, Owner>());
}
