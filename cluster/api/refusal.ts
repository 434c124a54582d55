import { ApiError } from "../client.ts";
import type { Resource } from "./resource-table.ts";

/** One reason why an object is invalid, at one field. */
export interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

/** The parts of a resource that refusals name. */
type Named = Pick<Resource, "group" | "resource" | "kind" | "qualifiedName">;

function detailsOf(resource: Named, name: string): Record<string, string> {
  return { name, ...(resource.group === "" ? {} : { group: resource.group }), kind: resource.resource };
}

/** 404 for an object. */
export function notFound(resource: Named, name: string): ApiError {
  return new ApiError(404, "NotFound", `${resource.qualifiedName} "${name}" not found`, detailsOf(resource, name));
}

/** 404 for a path that is not served. */
export function noSuchResource(): ApiError {
  return new ApiError(404, "NotFound", "the server could not find the requested resource", {});
}

/** 405 for a verb that the resource does not have. */
export function methodNotAllowed(): ApiError {
  return new ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {});
}

/** 409 for a name that is taken. */
export function alreadyExists(resource: Named, name: string, isEnding = false): ApiError {
  const message = `${isEnding ? "object is being deleted: " : ""}${resource.qualifiedName} "${name}" already exists`;
  return new ApiError(409, "AlreadyExists", message, detailsOf(resource, name));
}

/** 409 for an object that has changed since, or another reason why this write may not happen now. */
export function conflict(resource: Named, name: string, why = modified): ApiError {
  const message = `Operation cannot be fulfilled on ${resource.qualifiedName} "${name}": ${why}`;
  return new ApiError(409, "Conflict", message, detailsOf(resource, name));
}

const modified = "the object has been modified; please apply your changes to the latest version and try again";

/** 403 by admission. */
export function forbidden(resource: Named, name: string, why: string, causes?: readonly Cause[]): ApiError {
  const details = { ...detailsOf(resource, name), ...(causes ? { causes } : {}) };
  return new ApiError(403, "Forbidden", `${resource.qualifiedName} "${name}" is forbidden: ${why}`, details);
}

/** 400. */
export function badRequest(message: string): ApiError {
  return new ApiError(400, "BadRequest", message);
}

/** 500 without a reason, as Kubernetes answers where it did not expect the trouble. */
export function internal(message: string): ApiError {
  return new ApiError(500, "", message);
}

/** 410 for a resourceVersion whose history is gone. */
export function expired(message: string): ApiError {
  return new ApiError(410, "Expired", message);
}

/** 422 with every cause; the message sums them up. */
export function invalid(resource: Named, name: string, causes: readonly Cause[]): ApiError {
  const sentences = [...new Set(causes.map((cause) => `${cause.field}: ${cause.message}`))];
  const sum = sentences.length === 1 ? sentences[0] : `[${sentences.join(", ")}]`;
  return new ApiError(422, "Invalid", `${qualifiedKind(resource)} "${name}" is invalid: ${sum ?? ""}`, {
    ...(name === "" ? {} : { name }),
    ...(resource.group === "" ? {} : { group: resource.group }),
    ...(resource.kind === "" ? {} : { kind: resource.kind }),
    causes,
  });
}

/** 422 for a patch whose result cannot be read; it is refused as a value of its own, of no kind. */
export function invalidPatch(shown: string, why: string): ApiError {
  const message = `Invalid value: ${JSON.stringify(shown)}: ${why}`;
  const causes = [{ reason: "FieldValueInvalid", message, field: "patch" }];
  return new ApiError(422, "Invalid", ` "" is invalid: patch: ${message}`, { causes });
}

/** A kind as 422s name it: "ConfigMap", "Deployment.apps". */
export function qualifiedKind(resource: Named): string {
  return resource.group === "" ? resource.kind : `${resource.kind}.${resource.group}`;
}

/** The Status object that HTTP clients get for a refusal. */
export function statusOf(error: ApiError): Readonly<Record<string, unknown>> {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: error.message,
    ...(error.reason === "" ? {} : { reason: error.reason }),
    ...(error.details === undefined ? {} : { details: error.details }),
    code: error.code,
  };
}
