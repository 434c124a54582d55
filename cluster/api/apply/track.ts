import { capUpdates } from "./cap-updates.ts";
import { type FieldSet, isEmptySet, union } from "./field-set.ts";
import { isList, isObject, type Json, type JsonObject } from "./json.ts";
import { decodeManaged, type Managed, managedFieldsOf, type Owner, ownerId } from "./managed-fields.ts";
import { compareStates, ownable, settleOwners } from "./own.ts";
import type { Structure } from "./structure.ts";

/** Who writes, where and when. */
export interface Writer {
  readonly manager: string;
  readonly apiVersion: string;
  readonly subresource: string;
  /** RFC 3339 in seconds; undefined where Kubernetes keeps no time. */
  readonly now: string | undefined;
}

/**
 * The owners after an ordinary write: the writer owns what it added or changed, everyone loses what was changed by
 * another or is gone. The writer's time moves only if it gained fields.
 * @param before the state before, managedFields left out; the kind's zero object on create
 */
export function ownersAfterUpdate(
  structure: Structure,
  before: JsonObject,
  after: JsonObject,
  managed: Managed,
  writer: Writer,
  reset: FieldSet,
): Managed {
  const comparison = compareStates(structure, before, after, reset);
  const settled = settleOwners(managed, "", comparison).managed;
  const gained = ownable(union(comparison.modified, comparison.added));
  if (isEmptySet(gained)) return settled;
  const identity = { ...ownerOf(writer), operation: "Update" as const };
  const id = ownerId(identity);
  const fields = union(gained, settled.get(id)?.fields ?? gained);
  return capUpdates(new Map(settled).set(id, { ...identity, time: writer.now, fields }));
}

/** The writer as an owner; a manager without a name is called unknown. */
export function ownerOf({ manager, apiVersion, subresource }: Writer): Omit<Owner, "operation" | "time" | "fields"> {
  return { manager: manager === "" ? "unknown" : manager, apiVersion, subresource };
}

/**
 * The owners that an update starts from: those in the request, or the live object's where the request has none that can be
 * read. A request with the one entry `{}` resets them. Writes of a subresource cannot touch them.
 */
export function ownersBeforeUpdate(live: JsonObject | undefined, next: JsonObject, subresource: string): Managed {
  const requested = subresource === "" ? managedFieldsOf(next) : undefined;
  if (isReset(requested)) return new Map();
  const decoded = decodeManaged(requested);
  if (decoded !== undefined && decoded.size > 0) return decoded;
  return decodeManaged(managedFieldsOf(live)) ?? new Map<string, Owner>();
}

function isReset(entries: Json | undefined): boolean {
  if (!isList(entries) || entries.length !== 1) return false;
  const [only] = entries;
  return isObject(only) && Object.keys(only).length === 0;
}

/**
 * What a writer of an object's Scale sees of it: the replicas, which are absent when they are 0. So whoever scales to 0
 * owns nothing in Kubernetes.
 */
export function seenAsScale(object: JsonObject, replicasPath: readonly string[]): JsonObject {
  let replicas: Json | undefined = object;
  for (const key of replicasPath) replicas = isObject(replicas) ? replicas[key] : undefined;
  const [last, ...holders] = replicasPath.toReversed();
  const inner: JsonObject = last === undefined || (replicas ?? 0) === 0 ? {} : { [last]: replicas ?? 0 };
  return holders.reduce<JsonObject>((below, key) => ({ [key]: below }), inner);
}

/** The object with the fields that Go's type of it always has, so that nobody comes to own them. */
export function withZero(zero: JsonObject, object: JsonObject): JsonObject {
  let filled: Record<string, Json> | undefined;
  for (const [key, empty] of Object.entries(zero)) {
    const value = object[key];
    const inner = value === undefined ? empty : isObject(value) && isObject(empty) ? withZero(empty, value) : value;
    if (inner !== value) (filled ??= { ...object })[key] = inner;
  }
  return filled ?? object;
}
