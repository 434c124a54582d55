import { ApiError, type KubeObject } from "../../client.ts";
import type { Comparison } from "./compare.ts";
import { difference, type FieldSet, fieldsAt, intersection, isEmptySet, printPaths, union } from "./field-set.ts";
import { capUpdates, decodeManaged, type Identity, type Managed, type Owner, ownerId } from "./managed-fields.ts";

const ofServer = [
  "creationTimestamp",
  "generation",
  "managedFields",
  "name",
  "namespace",
  "resourceVersion",
  "selfLink",
  "uid",
];

/** Fields that nobody owns: the server's own, and the object's name. */
const neverOwned = fieldsAt("apiVersion", "kind", "metadata", ...ofServer.map((name) => `metadata.${name}`));

/** A set without the fields that nobody owns. */
export function ownable(fields: FieldSet): FieldSet {
  return difference(fields, neverOwned);
}

/** Fields that a write of the status leaves alone, by kind; of other kinds it is the spec. */
const resetByStatus: Readonly<Record<string, FieldSet>> = {
  "apps/v1/Deployment": fieldsAt("spec", "metadata.labels"),
  "v1/Pod": fieldsAt("spec", "metadata.deletionTimestamp", "metadata.ownerReferences"),
  "apiextensions.k8s.io/v1/CustomResourceDefinition": fieldsAt("spec", "metadata"),
};

/** Fields that a write through a subresource never sets, whatever the request says, so that nobody comes to own them by it. */
export function resetFields(kind: string, subresource: string, isCustom: boolean, hasStatus: boolean): FieldSet {
  if (subresource === "" && hasStatus) return fieldsAt("status");
  if (subresource !== "status") return fieldsAt();
  return isCustom ? fieldsAt("spec", "metadata") : (resetByStatus[kind] ?? fieldsAt("spec"));
}

/** What another owner holds that a write would change. */
export interface Conflict {
  readonly owner: Owner;
  readonly fields: FieldSet;
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

/** The refusal of an apply: 409 with a cause for each owner and field. The conflicts are in the order of their owners. */
export function conflictError(conflicts: readonly Conflict[]): ApiError {
  const told = conflicts.map(({ owner, fields }) => ({ name: printOwner(owner), paths: printPaths(fields) }));
  const causes = told.flatMap(({ name, paths }) =>
    paths.map((field) => ({ reason: "FieldManagerConflict", message: `conflict with ${name}`, field })),
  );
  const lines = told.flatMap(({ name, paths }) => [`conflicts with ${name}:`, ...paths.map((path) => `- ${path}`)]);
  const [only] = causes;
  const text =
    only !== undefined && causes.length === 1
      ? `1 conflict: ${only.message}: ${only.field}`
      : `${causes.length} conflicts: ${lines.join("\n")}`;
  return new ApiError(409, "Conflict", `Apply failed with ${text}`, { causes });
}

function printOwner({ manager, subresource, operation, apiVersion }: Owner): string {
  const name = subresource === undefined ? `"${manager}"` : `"${manager}" with subresource "${subresource}"`;
  return operation === "Update" ? `${name} using ${apiVersion}` : name;
}

/**
 * The owners after an ordinary write: the writer owns what it added or changed, everyone loses what was changed by
 * another or is gone. The writer's time moves only if it gained fields.
 */
export function ownersAfterUpdate(managed: Managed, comparison: Comparison, writer: Identity, time?: string): Managed {
  const settled = settleOwners(managed, undefined, comparison).managed;
  const gained = ownable(union(comparison.modified, comparison.added));
  if (isEmptySet(gained)) return settled;
  const id = ownerId(writer);
  const fields = union(gained, settled.get(id)?.fields ?? gained);
  return capUpdates(new Map(settled).set(id, { ...writer, ...(time && { time }), fields }));
}

/**
 * The owners that an update starts from: those in the request, or the live object's where the request has none that can be
 * read. An empty list, or the one entry `{}`, resets them. Writes of a subresource cannot touch them.
 */
export function ownersBeforeUpdate(live: KubeObject | undefined, next: KubeObject, subresource: string): Managed {
  const given = subresource === "" ? next : undefined;
  const entries = given?.metadata.managedFields;
  if (entries !== undefined && entries.length < 2 && entries.every((entry) => Object.keys(entry).length === 0)) {
    return new Map();
  }
  const requested = decodeManaged(given);
  return requested !== undefined && requested.size > 0 ? requested : (decodeManaged(live) ?? new Map<string, Owner>());
}
