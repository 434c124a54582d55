import { type JsonMap, type StoredObject, without } from "../stored-object.ts";
import { emptySet, type FieldSet, fromFieldsV1, isEmptySet, toFieldsV1, union } from "./field-set.ts";
import { isList, isMap } from "./json.ts";
import { compareScalars } from "./path-element.ts";

/** Who comes to own fields, and how. */
export interface Identity {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  readonly subresource: string;
}

/** What one manager owns of an object: an entry of metadata.managedFields. */
export interface Owner extends Identity {
  /** RFC 3339 in seconds; absent for an apply that changed nothing but ownership. */
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

/** The owners of an object by their id. */
export type Managed = ReadonlyMap<string, Owner>;

/** The identity of an owner as text. An applier is the same in every version; the text orders owners in messages. */
export function ownerId({ manager, operation, apiVersion, subresource }: Identity): string {
  return JSON.stringify({
    manager,
    operation,
    ...(operation === "Update" && { apiVersion }),
    ...(subresource !== "" && { subresource }),
  });
}

const decoded = new WeakMap<readonly unknown[], Managed>();

/** Reads the managedFields of an object; undefined where an entry cannot be read. */
export function decodeManaged(object: JsonMap | undefined): Managed | undefined {
  const entries = isMap(object?.["metadata"]) ? (object["metadata"]["managedFields"] ?? []) : [];
  if (!isList(entries)) return undefined;
  const known = decoded.get(entries);
  if (known !== undefined) return known;
  const managed = new Map<string, Owner>();
  for (const entry of entries) {
    const owner = decodeOwner(entry);
    if (owner === undefined) return undefined;
    managed.set(ownerId(owner), owner);
  }
  decoded.set(entries, managed);
  return managed;
}

function decodeOwner(entry: unknown): Owner | undefined {
  if (!isMap(entry)) return undefined;
  const { manager = "", operation, apiVersion = "", time, fieldsType, fieldsV1, subresource = "" } = entry;
  if ((operation !== "Apply" && operation !== "Update") || fieldsType !== "FieldsV1") return undefined;
  const identity: Identity = {
    manager: String(manager),
    operation,
    apiVersion: String(apiVersion),
    subresource: String(subresource),
  };
  try {
    const fields = isMap(fieldsV1) ? fromFieldsV1(fieldsV1) : emptySet;
    return { ...identity, time: typeof time === "string" ? time : undefined, fields };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The object with these owners, appliers first, then by time and name; without metadata.managedFields where there are none. */
export function withManaged(object: JsonMap, managed: Managed): StoredObject {
  const owners = [...managed.values()].filter(({ fields }) => !isEmptySet(fields)).toSorted(compareOwners);
  const managedFields = owners.map(({ manager, operation, apiVersion, time, fields, subresource }) => ({
    manager,
    operation,
    apiVersion,
    ...(time !== undefined && { time }),
    fieldsType: "FieldsV1",
    fieldsV1: toFieldsV1(fields),
    ...(subresource !== "" && { subresource }),
  }));
  const { metadata, ...rest } = withoutManaged(object) as StoredObject;
  return { ...rest, metadata: { ...metadata, ...(owners.length > 0 && { managedFields }) } };
}

/** The object as it is compared and merged: without metadata.managedFields. */
export function withoutManaged(object: JsonMap): JsonMap {
  const { metadata } = object;
  return isMap(metadata) && "managedFields" in metadata
    ? { ...object, metadata: without(metadata, "managedFields") }
    : object;
}

function compareOwners(a: Owner, b: Owner): number {
  return (
    compareScalars(a.operation, b.operation) ||
    secondsOf(a) - secondsOf(b) ||
    compareScalars(a.manager, b.manager) ||
    compareScalars(a.apiVersion, b.apiVersion) ||
    compareScalars(a.subresource, b.subresource)
  );
}

/** An owner without a time counts as the oldest. */
function secondsOf({ time }: Owner): number {
  return time === undefined ? 0 : Math.floor(Date.parse(time) / 1000);
}

/** So many Update entries an object keeps; older ones are merged, or every client ever would stay in it. */
const maxUpdates = 10;

/** The owners with the oldest updates of each version merged into one called ancient-changes, until few enough are left. */
export function capUpdates(managed: Managed): Managed {
  const updates = [...managed].filter(([, { operation }]) => operation === "Update");
  const oldest = updates.toSorted(([idA, a], [idB, b]) => secondsOf(a) - secondsOf(b) || compareScalars(idA, idB));
  const result = new Map(managed);
  const firstOfVersion = new Map<string, string>();
  let count = updates.length;
  for (const [id, { apiVersion, time, fields }] of oldest) {
    if (count <= maxUpdates) break;
    const first = firstOfVersion.get(apiVersion);
    if (first === undefined) {
      firstOfVersion.set(apiVersion, id);
      continue;
    }
    const identity = { manager: "ancient-changes", operation: "Update", apiVersion, subresource: "" } as const;
    const bucket = ownerId(identity);
    const earlier = result.get(bucket) ?? result.get(first);
    if (!result.has(bucket)) result.delete(first);
    result.delete(id);
    result.set(bucket, { ...identity, time, fields: union(fields, earlier?.fields ?? emptySet) });
    count -= 1;
  }
  return result;
}
