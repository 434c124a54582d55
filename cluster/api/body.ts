import { ApiError, type KubeObject } from "../client.ts";
import { decode, type Mistyped } from "./decode.ts";
import { badRequest } from "./refusal.ts";
import type { Resource } from "./resource-table.ts";
import type { JsonMap, StoredObject } from "./stored-object.ts";

/** What to do about unknown fields, and the patch that the body comes from, if any. */
interface BodyOptions {
  readonly fieldValidation?: "Strict" | "Warn" | "Ignore";
  readonly warn?: (text: string) => void;
  readonly patch?: (patched: object) => string;
}

/**
 * A body as its kind takes it. Fields that the kind does not have are left out; Strict refuses them, Warn tells. A body
 * without kind or apiVersion is taken to be of the resource's.
 */
export function decodeBody(resource: Resource, body: KubeObject, options: BodyOptions): StoredObject {
  const { fieldValidation: validation = "Ignore", warn, patch } = options;
  const named = { ...body, kind: resource.kind, apiVersion: resource.apiVersion, metadata: body.metadata ?? {} };
  if (!resource.schema) return named;
  const { value, unknown, mistyped } = decode(resource.schema, named);
  // Custom objects are refused by their schema, with every cause.
  if (mistyped && !resource.custom) throw badRequest(mistypedMessage(resource, mistyped));
  if (unknown.length > 0 && validation === "Strict") {
    if (patch !== undefined) throw patchRefusal(patch(body), unknown);
    throw badRequest(`${handled(resource)}: strict decoding error: ${unknown.map(unknownField).join(", ")}`);
  }
  if (validation === "Warn") for (const path of unknown) warn?.(unknownField(path));
  return withoutRepeatedOwners({ metadata: {}, ...(value as JsonMap) } as unknown as StoredObject, warn);
}

/** Of owners that are named twice the first stays, and the client is told. */
function withoutRepeatedOwners(object: StoredObject, warn: BodyOptions["warn"]): StoredObject {
  const owners = object.metadata.ownerReferences ?? [];
  const first = owners.filter(({ uid }, index) => owners.findIndex((other) => other.uid === uid) === index);
  if (first.length === owners.length) return object;
  const repeated = [...new Set(owners.filter((owner) => !first.includes(owner)).map(({ uid }) => uid))];
  warn?.(
    `.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${repeated.join(", ")}`,
  );
  return { ...object, metadata: { ...object.metadata, ownerReferences: first } };
}

/** A patch is refused as a value of its own, of no kind. */
function patchRefusal(patch: string, unknown: readonly string[]): ApiError {
  const why = `strict decoding error: ${unknown.map(unknownField).join(", ")}`;
  const message = `Invalid value: ${JSON.stringify(patch)}: ${why}`;
  const details = { causes: [{ reason: "FieldValueInvalid", message, field: "patch" }] };
  return new ApiError(422, "Invalid", ` "" is invalid: patch: ${message}`, details);
}

function unknownField(path: string): string {
  return `unknown field "${path}"`;
}

function handled({ kind, version }: Resource): string {
  return `${kind} in version "${version}" cannot be handled as a ${kind}`;
}

function mistypedMessage(resource: Resource, { path, given, wanted }: Mistyped): string {
  return `${handled(resource)}: json: cannot unmarshal ${given} into Go struct field ${resource.kind}.${path} of type ${wanted}`;
}
