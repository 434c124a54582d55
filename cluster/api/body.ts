import type { KubeObject } from "../client.ts";
import { decode, type Mistyped } from "./decode.ts";
import { badRequest } from "./refusal.ts";
import type { Resource } from "./resource-table.ts";
import type { JsonMap, StoredObject } from "./stored-object.ts";

/**
 * A body as its kind takes it. Fields that the kind does not have are left out; Strict refuses them, Warn tells. A body
 * without kind or apiVersion is taken to be of the resource's.
 */
export function decodeBody(
  resource: Resource,
  body: KubeObject,
  validation: "Strict" | "Warn" | "Ignore",
  warn?: (text: string) => void,
): StoredObject {
  const named = { ...body, kind: resource.kind, apiVersion: resource.apiVersion, metadata: body.metadata ?? {} };
  if (!resource.schema) return named;
  const { value, unknown, mistyped } = decode(resource.schema, named);
  if (mistyped) throw badRequest(mistypedMessage(resource, mistyped));
  if (unknown.length > 0 && validation === "Strict") {
    throw badRequest(`${handled(resource)}: strict decoding error: ${unknown.map(unknownField).join(", ")}`);
  }
  if (validation === "Warn") for (const path of unknown) warn?.(unknownField(path));
  return { metadata: {}, ...(value as JsonMap) } as unknown as StoredObject;
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
