import { ApiError, type KubeObject } from "../../client.ts";
import { applyOnto, checkApplied } from "./apply.ts";
import type { FieldSet } from "./field-set.ts";
import { isObject, type Json, type JsonObject } from "./json.ts";
import { withLastApplied, withoutLastApplied } from "./last-applied.ts";
import { decodeManaged, type Managed, managedFieldsOf, withManaged, withoutManaged } from "./managed-fields.ts";
import { refuseConflicts } from "./own.ts";
import { resetFieldsOf } from "./reset-fields.ts";
import { rootStructureOf } from "./root-structure.ts";
import type { SchemaNode } from "./structure.ts";
import { ownersAfterUpdate, ownersBeforeUpdate, seenAsScale, withZero, type Writer } from "./track.ts";

export { type AppliedBody, readApplied } from "./applied-body.ts";
export type { Json, JsonObject } from "./json.ts";
export type { SchemaNode } from "./structure.ts";

/** An object of the API, by its TypeScript type or as plain JSON. */
export type ApiObject = KubeObject | JsonObject;

/** A write as the tracking of managedFields sees it. */
export interface Write {
  /** The stored object; undefined when this write creates it. */
  readonly live: ApiObject | undefined;
  /** The fieldManager option, or else the user agent up to its first slash. */
  readonly manager: string;
  /** "status", "scale" (where `live` and `next` are the object itself, not its Scale)…; "" for the object itself. */
  readonly subresource?: string;
  /** Where the replicas of a scale stand; `["spec", "replicas"]` by default. */
  readonly replicasPath?: readonly string[];
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
  readonly applied: unknown;
  readonly force?: boolean;
}

/** An ordinary write; `next` is the object to store, after defaulting. */
export interface Update<T extends ApiObject> extends Write {
  readonly next: T;
}

/** What an apply comes to. */
export interface ApplyResult {
  /** The object to default, admit, validate and store; its managedFields are settled. */
  readonly object: KubeObject;
  /** False where the live object already is what was applied; its owners may have changed all the same. */
  readonly changed: boolean;
}

/**
 * Server-side apply. Default and validate the result before storing it: what comes from defaulting is owned by nobody. Throws the ApiError that the request is answered with: conflicts (409), a body that
 * is of another kind or holds managedFields (400), or that does not fit the schema (500, as Kubernetes has it).
 */
export function serverSideApply(request: Apply): ApplyResult {
  const { manager, force = false, apiVersion, kind } = request;
  const { structure, zero } = rootStructureOf(request.schema);
  const applied = isObject(request.applied as Json) ? (request.applied as JsonObject) : {};
  checkApplied(structure, applied, request);
  const reset = resetBy(request);
  const stored = jsonOf(request.live);
  const live = withZero(zero, withoutManaged(stored ?? {}));
  const writer = writerOf(request);
  let managed = readManaged(stored);
  if (managed.size === 0) {
    // Whatever stood there without an owner is nobody's to lose silently.
    const before = { ...writer, manager: "before-first-apply" };
    managed = ownersAfterUpdate(structure, zero, live, managed, before, reset);
  }
  const result = applyOnto(structure, live, applied, managed, writer, reset);
  const isKubectl = manager === "kubectl";
  if (!force) refuseConflicts(isKubectl ? withoutLastApplied(structure, live, result.conflicts) : result.conflicts);
  const object = isKubectl ? withLastApplied(result.object, applied) : result.object;
  const named = { apiVersion, kind, ...withManaged(object, result.managed) };
  return { object: kubeObjectOf(named), changed: result.changed };
}

function readManaged(live: JsonObject | undefined): Managed {
  const managed = decodeManaged(managedFieldsOf(live));
  if (managed !== undefined) return managed;
  throw new ApiError(500, "", "failed to decode managed fields: an entry of the stored object cannot be read");
}

/**
 * The object of an ordinary write with its managedFields: the writer owns what it changed. Call it after defaulting and
 * before anything that the server decides (addresses, generated labels), which nobody owns.
 */
export function trackUpdate<T extends ApiObject>(request: Update<T>): T {
  const { subresource = "", replicasPath = ["spec", "replicas"] } = request;
  const { structure, zero } = rootStructureOf(request.schema);
  const live = jsonOf(request.live);
  const next = jsonOf(request.next);
  const seen = (object: JsonObject): JsonObject =>
    subresource === "scale" ? seenAsScale(object, replicasPath) : withZero(zero, withoutManaged(object));
  const before = ownersBeforeUpdate(live, next, subresource);
  // An object that nobody owns anything of stays so until someone applies to it.
  if (live !== undefined && before.size === 0) return withManaged(next, before) as unknown as T;
  const reset = resetBy(request);
  const managed = ownersAfterUpdate(structure, seen(live ?? {}), seen(next), before, writerOf(request), reset);
  return withManaged(next, managed) as unknown as T;
}

function writerOf({ manager, apiVersion, subresource = "", now }: Write): Writer {
  // Writes of a Scale keep no time: they are tracked on an object that is not stored.
  return { manager, apiVersion, subresource, now: subresource === "scale" ? undefined : now };
}

function resetBy({ apiVersion, kind, subresource = "", hasStatus = true, schema }: Write): FieldSet {
  return resetFieldsOf(apiVersion, kind, subresource, rootStructureOf(schema).isCustom, hasStatus);
}

/** Objects of the API are JSON by construction; their TypeScript type only knows their metadata. */
function jsonOf(object: ApiObject): JsonObject;
function jsonOf(object: ApiObject | undefined): JsonObject | undefined;
function jsonOf(object: ApiObject | undefined): JsonObject | undefined {
  return object as unknown as JsonObject | undefined;
}

function kubeObjectOf(object: JsonObject): KubeObject {
  return object as unknown as KubeObject;
}
