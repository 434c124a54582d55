import { ApiError, type KubeObject } from "../../client.ts";
import { type JsonMap, sameJson } from "../json.ts";
import type { Schema } from "../schema.ts";
import { type Comparison, compareValues, fieldSetOf } from "./compare.ts";
import { difference, emptySet, type FieldSet, union } from "./field-set.ts";
import { withLastApplied, withoutLastApplied } from "./last-applied.ts";
import { decodeManaged, type Identity, type Managed, ownerId, withManaged, withoutManaged } from "./managed-fields.ts";
import { mergeValues, prune } from "./merge.ts";
import { conflictError, ownable, ownersAfterUpdate, ownersBeforeUpdate, resetFields, settleOwners } from "./owners.ts";
import { checkApplied } from "./validate.ts";

export { type AppliedBody, readApplied } from "./applied-body.ts";
export { withOwnersOfObject, withOwnersOfScale } from "./scale.ts";

/** A write as the tracking of managedFields sees it. */
export interface Write {
  /** The stored object; undefined when this write creates it. */
  readonly live: KubeObject | undefined;
  /** The fieldManager option, or else the user agent up to its first slash. */
  readonly manager: string;
  /** "status", "scale"…; "" for the object itself. */
  readonly subresource?: string;
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
  readonly next: KubeObject;
}

/**
 * Server-side apply: merges what is applied into the live object, takes out what the applier let go, and settles who owns
 * what. Default and validate the result before storing it: what comes from defaulting is owned by nobody. Throws the
 * ApiError that the request is answered with: conflicts (409), a body that is of another kind or holds managedFields (400),
 * or that does not fit the schema (500, as Kubernetes has it).
 */
export function serverSideApply(request: Apply): KubeObject {
  const { schema, manager, force = false, now } = request;
  const applied = checkApplied(schema, request.applied, request);
  const live = withoutManaged(request.live ?? {});
  const managed = ownersBeforeApply(request, live);
  const identity = identityOf(request, "Apply");
  const id = ownerId(identity);
  const { time: before, fields: last = emptySet } = managed.get(id) ?? {};
  const fields = difference(fieldSetOf(schema, applied), resetBy(request), true);
  const owners = new Map(managed).set(id, { ...identity, fields });
  const owned = [...owners.values()].reduce((set, owner) => union(set, owner.fields), emptySet);
  const object = prune(schema, mergeValues(schema, live, applied), last, owned) as KubeObject;
  const settled = settleOwners(owners, id, changesOf(request, live, object));
  const isKubectl = manager === "kubectl";
  const isMigration = isKubectl && request.live !== undefined;
  const conflicts = isMigration ? withoutLastApplied(schema, request.live, settled.conflicts) : settled.conflicts;
  if (!force && conflicts.length > 0) throw conflictError(conflicts);
  const time = sameJson(live, object) ? before : now;
  const known = new Map(settled.managed).set(id, { ...identity, ...(time && { time }), fields: ownable(fields) });
  return withManaged(isKubectl ? withLastApplied(object, applied) : object, known);
}

/** Whatever stood there without an owner is nobody's to lose silently. */
function ownersBeforeApply(request: Apply, live: JsonMap): Managed {
  const managed = decodeManaged(request.live);
  if (managed === undefined) {
    throw new ApiError(500, "", "failed to decode managed fields: an entry of the stored object cannot be read");
  }
  if (managed.size > 0) return managed;
  const writer = identityOf({ ...request, manager: "before-first-apply" }, "Update");
  return ownersAfterUpdate(managed, changesOf(request, {}, live), writer, request.now);
}

/**
 * The object of an ordinary write with its managedFields: the writer owns what it changed. Call it after defaulting and
 * before anything that the server decides (addresses, generated labels), which nobody owns.
 */
export function trackUpdate(request: Update): KubeObject {
  const { live, next, subresource = "", now } = request;
  const before = ownersBeforeUpdate(live, next, subresource);
  // An object that nobody owns anything of stays so until someone applies to it.
  if (live !== undefined && before.size === 0) return withManaged(next, before);
  const changes = changesOf(request, withoutManaged(live ?? {}), withoutManaged(next));
  return withManaged(next, ownersAfterUpdate(before, changes, identityOf(request, "Update"), now));
}

/** A manager without a name is called unknown. */
function identityOf({ manager, apiVersion, subresource }: Write, operation: Identity["operation"]): Identity {
  return { manager: manager || "unknown", operation, apiVersion, ...(subresource && { subresource }) };
}

function resetBy({ apiVersion, kind, subresource = "", hasStatus = true, schema }: Write): FieldSet {
  return resetFields(`${apiVersion}/${kind}`, subresource, schema?.definition === undefined, hasStatus);
}

/** What a write changes, leaving out the fields that this kind of write resets. */
function changesOf(request: Write, before: unknown, after: unknown): Comparison {
  const { added, modified, removed } = compareValues(request.schema, before, after);
  const counted = (fields: FieldSet): FieldSet => difference(fields, resetBy(request), true);
  return { added: counted(added), modified: counted(modified), removed: counted(removed) };
}
