import type { KubeObject } from "../../client.ts";
import { isMap, type JsonMap, without } from "../json.ts";
import { emptySet, type FieldSet, fromFieldsV1, isEmptySet, toFieldsV1, union } from "./field-set.ts";
import { compareScalars } from "./path-element.ts";

/** Who comes to own fields, and how. */
export interface Identity {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  readonly subresource?: string;
}

/** What one manager owns of an object: an entry of metadata.managedFields. */
export interface Owner extends Identity {
  /** RFC 3339 in seconds; absent for an apply that changed nothing but ownership. */
  readonly time?: string;
  readonly fields: FieldSet;
}

/** The owners of an object by their id. */
export type Managed = ReadonlyMap<string, Owner>;

/** The identity of an owner as text. An applier is the same in every version; the text orders owners in messages. */
export function ownerId({ manager, operation, apiVersion, subresource }: Identity): string {
  return JSON.stringify({ manager, operation, ...(operation === "Update" && { apiVersion }), subresource });
}

/** Reads the managedFields of an object; undefined where an entry cannot be read. */
export function decodeManaged(object: KubeObject | undefined): Managed | undefined {
  const managed = new Map<string, Owner>();
  for (const entry of object?.metadata.managedFields ?? []) {
    const { manager = "", apiVersion = "", time, fieldsV1 = {}, subresource } = entry;
    const operation = (["Apply", "Update"] as const).find((known) => known === entry.operation);
    const fields = entry.fieldsType === "FieldsV1" ? readFields(fieldsV1 as JsonMap) : undefined;
    if (operation === undefined || fields === undefined) return undefined;
    const owner = {
      manager,
      operation,
      apiVersion,
      ...(subresource && { subresource }),
      ...(time && { time }),
      fields,
    };
    managed.set(ownerId(owner), owner);
  }
  return managed;
}

function readFields(fieldsV1: JsonMap): FieldSet | undefined {
  try {
    return fromFieldsV1(fieldsV1);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The object with these owners, appliers first, then by time and name; without metadata.managedFields where there are none. */
export function withManaged(object: JsonMap, managed: Managed): KubeObject {
  const owners = [...managed.values()].filter(({ fields }) => !isEmptySet(fields)).toSorted(compareOwners);
  const managedFields = owners.map(({ manager, operation, apiVersion, time, fields, subresource }) => ({
    manager,
    operation,
    apiVersion,
    ...(time !== undefined && { time }),
    fieldsType: "FieldsV1",
    fieldsV1: toFieldsV1(fields),
    ...(subresource !== undefined && { subresource }),
  }));
  const { metadata, ...rest } = withoutManaged(object) as KubeObject;
  return { ...rest, metadata: { ...metadata, ...(owners.length > 0 && { managedFields }) } };
}

/** The object as it is compared and merged: without metadata.managedFields. */
export function withoutManaged(object: JsonMap): JsonMap {
  const { metadata } = object;
  return isMap(metadata) ? { ...object, metadata: without(metadata, "managedFields") } : object;
}

function compareOwners(a: Owner, b: Owner): number {
  return (
    compareScalars(a.operation, b.operation) ||
    secondsOf(a) - secondsOf(b) ||
    compareScalars(a.manager, b.manager) ||
    compareScalars(a.apiVersion, b.apiVersion) ||
    compareScalars(a.subresource ?? "", b.subresource ?? "")
  );
}

/** An owner without a time counts as the oldest. */
function secondsOf({ time = "1970-01-01T00:00:00Z" }: Owner): number {
  return Math.floor(Date.parse(time) / 1000);
}

/** So many Update entries an object keeps; older ones are merged, or every client ever would stay in it. */
const maxUpdates = 10;

/** The owners with the oldest updates of each version merged into one called ancient-changes, until few enough are left. */
export function capUpdates(managed: Managed): Managed {
  const updates = [...managed.entries()].filter(([, { operation }]) => operation === "Update");
  const oldest = updates.toSorted(([idA, a], [idB, b]) => secondsOf(a) - secondsOf(b) || compareScalars(idA, idB));
  const result = new Map(managed);
  const firstOfVersion = new Map<string, string>();
  let surplus = updates.length - maxUpdates;
  for (const [id, { apiVersion, time, fields }] of oldest) {
    if (surplus <= 0) break;
    const first = firstOfVersion.get(apiVersion);
    if (first === undefined) firstOfVersion.set(apiVersion, id);
    else {
      const identity = { manager: "ancient-changes", operation: "Update", apiVersion } as const;
      const bucket = ownerId(identity);
      const earlier = result.has(bucket) ? bucket : first;
      const both = union(fields, result.get(earlier)?.fields ?? emptySet);
      for (const gone of [earlier, id]) result.delete(gone);
      result.set(bucket, { ...identity, ...(time && { time }), fields: both });
      surplus -= 1;
    }
  }
  return result;
}
