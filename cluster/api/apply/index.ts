import { ApiError } from "../../client.ts";
import type { Schema } from "../schema.ts";
import { type JsonMap, sameJson, type StoredObject } from "../stored-object.ts";
import { fieldSetOf } from "./compare.ts";
import { conflictError } from "./conflict.ts";
import { difference, emptySet, type FieldSet, union } from "./field-set.ts";
import { isMap } from "./json.ts";
import { withLastApplied, withoutLastApplied } from "./last-applied.ts";
import { decodeManaged, type Identity, ownerId, withManaged, withoutManaged } from "./managed-fields.ts";
import { mergeValues, prune } from "./merge.ts";
import { compareStates, ownable, ownersAfterUpdate, ownersBeforeUpdate, resetFields, settleOwners } from "./owners.ts";
import { checkApplied } from "./validate.ts";

export { type AppliedBody, readApplied } from "./applied-body.ts";

/** A write as the tracking of managedFields sees it. */
export interface Write {
  /** The stored object; undefined when this write creates it. */
  readonly live: StoredObject | undefined;
  /** The fieldManager option, or else the user agent up to its first slash. */
  readonly manager: string;
  /** "status", "scale" (where `live` and `next` are the object itself, not its Scale)…; "" for the object itself. */
  readonly subresource?: string;
  /** Where the replicas of a scale stand; ".spec.replicas" by default. */
  readonly replicasPath?: string;
  readonly apiVersion: string;
  readonly kind: string;
  /** The kind's schema, with the metadata that every object has; undefined where none is known. */
  readonly schema: Schema | undefined;
  /** Whether the kind has a status subresource, so that other writes cannot set the status; true by default. */
  readonly hasStatus?: boolean;
  /** RFC 3339 in seconds, for managedFields. */
  readonly now: string;
}

/** A server-side apply; `applied` is the request's body, as it was sent. */
export interface Apply extends Write {
  readonly applied: unknown;
  readonly force?: boolean;
}

/** An ordinary write; `next` is the object to store, after defaulting. */
export interface Update extends Write {
  readonly next: StoredObject;
}

/**
 * Server-side apply: merges what is applied into the live object, takes out what the applier let go, and settles who owns
 * what. Default and validate the result before storing it: what comes from defaulting is owned by nobody. Throws the
 * ApiError that the request is answered with: conflicts (409), a body that is of another kind or holds managedFields (400),
 * or that does not fit the schema (500, as Kubernetes has it).
 */
export function serverSideApply(request: Apply): StoredObject {
  const { schema, manager, force = false, now } = request;
  const applied = isMap(request.applied) ? request.applied : {};
  checkApplied(schema, applied, request);
  const reset = resetBy(request);
  const stored = request.live ?? {};
  const live = withoutManaged(stored);
  let managed = decodeManaged(stored);
  if (managed === undefined) {
    throw new ApiError(500, "", "failed to decode managed fields: an entry of the stored object cannot be read");
  }
  if (managed.size === 0) {
    // Whatever stood there without an owner is nobody's to lose silently.
    const before = identityOf({ ...request, manager: "before-first-apply" }, "Update");
    managed = ownersAfterUpdate(managed, compareStates(schema, {}, live, reset), before, now);
  }
  const identity = identityOf(request, "Apply");
  const id = ownerId(identity);
  const last = managed.get(id);
  const fields = difference(fieldSetOf(schema, applied), reset, true);
  const owners = new Map(managed).set(id, { ...identity, time: last?.time, fields });
  const merged = mergeValues(schema, live, applied);
  const owned = [...owners.values()].reduce((set, owner) => union(set, owner.fields), emptySet);
  const pruned = prune(schema, merged, last?.fields ?? emptySet, owned);
  const object = isMap(pruned) ? pruned : {};
  const settled = settleOwners(owners, id, compareStates(schema, live, object, reset));
  const isKubectl = manager === "kubectl";
  const conflicts = isKubectl ? withoutLastApplied(schema, live, settled.conflicts) : settled.conflicts;
  if (!force && conflicts.length > 0) throw conflictError(conflicts);
  const time = sameJson(live, object) ? last?.time : now;
  const known = new Map(settled.managed).set(id, { ...identity, time, fields: ownable(fields) });
  return withManaged(isKubectl ? withLastApplied(object, applied) : object, known);
}

/**
 * The object of an ordinary write with its managedFields: the writer owns what it changed. Call it after defaulting and
 * before anything that the server decides (addresses, generated labels), which nobody owns.
 */
export function trackUpdate(request: Update): StoredObject {
  const { live, next, subresource = "", now } = request;
  const before = ownersBeforeUpdate(live, next, subresource);
  // An object that nobody owns anything of stays so until someone applies to it.
  if (live !== undefined && before.size === 0) return withManaged(next, before);
  const isScale = subresource === "scale";
  const seen = (object: JsonMap): JsonMap => (isScale ? seenAsScale(object, request) : withoutManaged(object));
  const comparison = compareStates(request.schema, seen(live ?? {}), seen(next), resetBy(request));
  // Writes of a Scale keep no time: they are tracked on an object that is not stored.
  const time = isScale ? undefined : now;
  return withManaged(next, ownersAfterUpdate(before, comparison, identityOf(request, "Update"), time));
}

/** A manager without a name is called unknown. */
function identityOf({ manager, apiVersion, subresource = "" }: Write, operation: Identity["operation"]): Identity {
  return { manager: manager === "" ? "unknown" : manager, operation, apiVersion, subresource };
}

function resetBy({ apiVersion, kind, subresource = "", hasStatus = true, schema }: Write): FieldSet {
  return resetFields(`${apiVersion}/${kind}`, subresource, schema?.definition === undefined, hasStatus);
}

/**
 * What a writer of an object's Scale sees of it: the replicas, which are absent when they are 0. So whoever scales to 0
 * owns nothing in Kubernetes.
 */
function seenAsScale(object: JsonMap, { replicasPath = ".spec.replicas" }: Write): JsonMap {
  const keys = replicasPath.split(".").filter((key) => key !== "");
  const replicas = keys.reduce<unknown>((value, key) => (isMap(value) ? value[key] : undefined), object) ?? 0;
  const [last = "", ...holders] = keys.toReversed();
  return holders.reduce<JsonMap>((below, key) => ({ [key]: below }), replicas === 0 ? {} : { [last]: replicas });
}
