import { emptySet, type FieldSet, fromFieldsV1, isEmptySet, toFieldsV1 } from "./field-set.ts";
import { isList, isObject, type Json, type JsonObject } from "./json.ts";

/** How a manager came to own its fields. */
export type Operation = "Apply" | "Update";

/** What one manager owns of an object: an entry of metadata.managedFields. */
export interface Owner {
  readonly manager: string;
  readonly operation: Operation;
  readonly apiVersion: string;
  readonly subresource: string;
  /** RFC 3339 in seconds; absent for an apply that changed nothing but ownership. */
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

/** The owners of an object by their id. */
export type Managed = ReadonlyMap<string, Owner>;

/** The identity of an owner. An applier is the same in every version; its text orders owners in messages. */
export function ownerId(owner: Omit<Owner, "time" | "fields">): string {
  return JSON.stringify({
    manager: owner.manager,
    operation: owner.operation,
    ...(owner.operation === "Update" && { apiVersion: owner.apiVersion }),
    ...(owner.subresource !== "" && { subresource: owner.subresource }),
  });
}

/** The managedFields of an object as they stand in its metadata, read or not readable. */
export function managedFieldsOf(object: JsonObject | undefined): Json | undefined {
  return isObject(object?.["metadata"]) ? object["metadata"]["managedFields"] : undefined;
}

const decoded = new WeakMap<readonly Json[], Managed>();

/** Reads metadata.managedFields; undefined where an entry cannot be read. */
export function decodeManaged(entries: Json | undefined): Managed | undefined {
  if (entries === undefined || entries === null) return new Map();
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

function decodeOwner(entry: Json): Owner | undefined {
  if (!isObject(entry)) return undefined;
  const { manager, operation, apiVersion, time, fieldsType, fieldsV1, subresource } = entry;
  if ((operation !== "Apply" && operation !== "Update") || fieldsType !== "FieldsV1") return undefined;
  const fields = readFields(fieldsV1);
  if (fields === undefined) return undefined;
  return {
    manager: textOf(manager),
    operation,
    apiVersion: textOf(apiVersion),
    subresource: textOf(subresource),
    time: typeof time === "string" ? time : undefined,
    fields,
  };
}

function readFields(fieldsV1: Json | undefined): FieldSet | undefined {
  if (!isObject(fieldsV1)) return emptySet;
  try {
    return fromFieldsV1(fieldsV1);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The entries of metadata.managedFields, appliers first, then by time, name, version and subresource. */
export function encodeManaged(managed: Managed): readonly JsonObject[] {
  return [...managed.values()]
    .filter((owner) => !isEmptySet(owner.fields))
    .toSorted(compareOwners)
    .map(encodeOwner);
}

function encodeOwner(owner: Owner): JsonObject {
  return {
    manager: owner.manager,
    operation: owner.operation,
    apiVersion: owner.apiVersion,
    ...(owner.time !== undefined && { time: owner.time }),
    fieldsType: "FieldsV1",
    fieldsV1: toFieldsV1(owner.fields),
    ...(owner.subresource !== "" && { subresource: owner.subresource }),
  };
}

function compareOwners(a: Owner, b: Owner): number {
  return (
    compareText(a.operation, b.operation) ||
    secondsOf(a) - secondsOf(b) ||
    compareText(a.manager, b.manager) ||
    compareText(a.apiVersion, b.apiVersion) ||
    compareText(a.subresource, b.subresource)
  );
}

/** The time of an owner in seconds since 1970; one without counts as the oldest. */
export function secondsOf(owner: Owner): number {
  return owner.time === undefined ? 0 : Math.floor(Date.parse(owner.time) / 1000);
}

/** The object with these owners; without metadata.managedFields where there are none. */
export function withManaged(object: JsonObject, managed: Managed): JsonObject {
  const { managedFields: _, ...metadata } = isObject(object["metadata"]) ? object["metadata"] : {};
  const entries = encodeManaged(managed);
  return { ...object, metadata: entries.length === 0 ? metadata : { ...metadata, managedFields: entries } };
}

/** The object as it is compared and merged: without metadata.managedFields. */
export function withoutManaged(object: JsonObject): JsonObject {
  const metadata = object["metadata"];
  if (!isObject(metadata) || !("managedFields" in metadata)) return object;
  const { managedFields: _, ...rest } = metadata;
  return { ...object, metadata: rest };
}

function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
