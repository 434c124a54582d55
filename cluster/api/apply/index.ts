import { applyOnto, checkApplied } from "./apply.ts";
import type { JsonObject } from "./json.ts";
import { withLastApplied, withoutLastApplied } from "./last-applied.ts";
import { decodeManaged, type Managed, managedFieldsOf, withManaged, withoutManaged } from "./managed-fields.ts";
import { refuseConflicts } from "./own.ts";
import { resetFieldsOf } from "./reset-fields.ts";
import { rootStructureOf } from "./root-structure.ts";
import type { SchemaNode } from "./structure.ts";
import { ownersAfterUpdate, ownersBeforeUpdate } from "./track.ts";
import { ApiError } from "../../client.ts";

export { keepIdleTimes } from "./idle-write.ts";
export type { Json, JsonObject } from "./json.ts";
export type { SchemaNode } from "./structure.ts";

/** A write as the tracking of managedFields sees it. */
export interface Write {
  /** The stored object; undefined when this write creates it. */
  readonly live: JsonObject | undefined;
  /** The fieldManager option, or else the user agent up to its first slash. */
  readonly manager: string;
  /** "status", "scale"…; "" for the object itself. */
  readonly subresource?: string;
  readonly apiVersion: string;
  readonly kind: string;
  /** The kind's schema; undefined where none is known. */
  readonly schema: SchemaNode | undefined;
  /** Whether the kind has a status subresource, so that other writes cannot set the status; true by default. */
  readonly hasStatus?: boolean;
  /** RFC 3339 in seconds, for managedFields. */
  readonly now: string;
}

/** A server-side apply; `applied` is the request's body, as it was sent. */
export interface Apply extends Write {
  readonly applied: JsonObject;
  readonly force?: boolean;
}

/** An ordinary write; `next` is the object to store, after defaulting. */
export interface Update extends Write {
  readonly next: JsonObject;
}

/** What an apply comes to. */
export interface ApplyResult {
  /** The object to default, admit, validate and store; its managedFields are settled. */
  readonly object: JsonObject;
  /** False where the live object already is what was applied; its owners may have changed all the same. */
  readonly changed: boolean;
}

/**
 * Server-side apply. Default and validate the result before storing it, and call `keepIdleTimes` on it then: what comes
 * from defaulting is owned by nobody. Throws the ApiError that the request is answered with: conflicts (409), a body that
 * is of another kind or holds managedFields (400), or that does not fit the schema (500, as Kubernetes has it).
 */
export function serverSideApply(request: Apply): ApplyResult {
  const { applied, manager, force = false, subresource = "", hasStatus = true, apiVersion, kind, now } = request;
  const { structure, zero, isCustom } = rootStructureOf(request.schema);
  checkApplied(structure, applied, request);
  const reset = resetFieldsOf(apiVersion, kind, subresource, isCustom, hasStatus);
  const live = request.live === undefined ? zero : withoutManaged(request.live);
  const writer = { manager, apiVersion, subresource, now };
  let managed = readManaged(request.live);
  if (managed.size === 0) {
    // Whatever stood there without an owner is nobody's to lose silently.
    const before = { ...writer, manager: "before-first-apply" };
    managed = ownersAfterUpdate(structure, zero, live, managed, before, reset);
  }
  const result = applyOnto(structure, live, applied, managed, writer, reset);
  if (!force)
    refuseConflicts(manager === "kubectl" ? withoutLastApplied(structure, live, result.conflicts) : result.conflicts);
  const object = manager === "kubectl" ? withLastApplied(result.object, applied) : result.object;
  return { object: withManaged(object, result.managed), changed: result.changed };
}

function readManaged(live: JsonObject | undefined): Managed {
  const managed = decodeManaged(managedFieldsOf(live));
  if (managed !== undefined) return managed;
  throw new ApiError(500, "", "failed to decode managed fields: an entry of the stored object cannot be read");
}

/** The object of an ordinary write with its managedFields: the writer owns what it changed. */
export function trackUpdate(request: Update): JsonObject {
  const { live, next, manager, subresource = "", hasStatus = true, apiVersion, kind, now } = request;
  const { structure, zero, isCustom } = rootStructureOf(request.schema);
  const managed = ownersAfterUpdate(
    structure,
    live === undefined ? zero : withoutManaged(live),
    withoutManaged(next),
    ownersBeforeUpdate(live, next, subresource),
    { manager, apiVersion, subresource, now },
    resetFieldsOf(apiVersion, kind, subresource, isCustom, hasStatus),
  );
  return withManaged(next, managed);
}
