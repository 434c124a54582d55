import type { DeleteOptions, KubeObject } from "../../client.ts";
import { ApiError } from "../../client.ts";
import { readApplied } from "../apply/index.ts";
import { checkPatchOptions, patchMediaTypes, patchObject } from "../patch/index.ts";
import { badRequest, invalid, methodNotAllowed } from "../refusal.ts";
import type { Resource } from "../resource-table.ts";
import type { Place, WriteOptions } from "../server.ts";
import type { StoredObject } from "../stored-object.ts";
import { notSupported } from "../validation/causes.ts";
import { goJsonError, objectBody, readBody } from "./body-text.ts";
import { deleteOptions } from "./delete-options.ts";
import { type Answer, type Exchange, fieldManagerOf, json } from "./exchange.ts";
import { answer, formOf, renderObject } from "./rendering.ts";

/** GET of one object. */
export function getObject(exchange: Exchange, place: Place): Answer {
  return show(exchange, place.resource, 200, exchange.api.get(place));
}

/** POST to a collection. */
export async function createObject(exchange: Exchange, resource: Resource, namespace: string): Promise<Answer> {
  const { api, request } = exchange;
  const options = writeOptions(exchange, "CreateOptions");
  const body = objectBody(await readBody(request), request.headers["content-type"], resource, options);
  const inBody = body.metadata.namespace;
  if (inBody && inBody !== namespace) throw badRequest(otherNamespace);
  return show(exchange, resource, 201, api.create(resource, namespace, body, options));
}

const otherNamespace = "the namespace of the provided object does not match the namespace sent on the request";

/** PUT of an object or of a subresource that has its shape. */
export async function replaceObject(
  exchange: Exchange,
  place: Place,
  subresource?: WriteOptions["subresource"],
): Promise<Answer> {
  const { api, request } = exchange;
  const options = { ...writeOptions(exchange, "UpdateOptions"), ...(subresource ? { subresource } : {}) };
  const body = objectBody(await readBody(request), request.headers["content-type"], place.resource, options);
  checkPlace(body, place);
  return show(
    exchange,
    place.resource,
    200,
    api.update(place, () => body, options),
  );
}

function checkPlace({ metadata }: KubeObject, { namespace, name }: Place): void {
  if (!metadata.name) {
    throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  }
  if (metadata.name !== name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
  }
  if (metadata.namespace && metadata.namespace !== namespace) throw badRequest(otherNamespace);
}

/** PATCH in any of the four ways. */
export async function patchOne(
  exchange: Exchange,
  place: Place,
  subresource?: WriteOptions["subresource"],
): Promise<Answer> {
  const { api, request, url } = exchange;
  const { resource } = place;
  const type = (request.headers["content-type"] ?? "").split(";")[0]?.trim() ?? "";
  const text = await readBody(request);
  const isApply = type === "application/apply-patch+yaml";
  const mediaType = patchMediaTypes.find((known) => known === type);
  if (!isApply && (!mediaType || (resource.custom && mediaType === patchMediaTypes[2]))) throw unsupported(resource);
  const force = url.searchParams.get("force");
  checkPatchOptions({
    isApply,
    fieldManager: url.searchParams.get("fieldManager") ?? undefined,
    force: force === null ? undefined : force !== "false" && force !== "0",
    dryRun: url.searchParams.getAll("dryRun"),
  });
  const options = { ...writeOptions(exchange, "PatchOptions"), ...(subresource ? { subresource } : {}) };
  if (isApply) {
    const applied = appliedBody(text, place, options);
    const { object, created } = api.apply(place, applied, { ...options, force: force !== null && force !== "false" });
    return show(exchange, resource, created ? 201 : 200, object);
  }
  const patch = parsePatch(text);
  const change = (live: StoredObject): KubeObject =>
    patchObject({ mediaType: mediaType ?? patchMediaTypes[1], live, patch, schema: resource.schema });
  return show(exchange, resource, 200, api.update(place, change, { ...options, patch: text }));
}

/** The configuration of an apply; it must be for the place that the URL names. */
function appliedBody(text: string, { namespace, name }: Place, { fieldValidation, warn }: WriteOptions): KubeObject {
  if (text.trim() === "") throw badRequest("invalid object type: /, Kind=");
  const { body, duplicates } = readApplied(text);
  if (duplicates !== undefined && fieldValidation === "Strict") {
    throw badRequest(`error strict decoding YAML: ${duplicates}`);
  }
  if (duplicates !== undefined && fieldValidation === "Warn") warn?.(duplicates);
  const applied = body as unknown as Partial<KubeObject>;
  const metadata = applied.metadata ?? {};
  if (metadata.name && metadata.name !== name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
  }
  if (metadata.namespace && metadata.namespace !== namespace) throw badRequest(otherNamespace);
  return { ...applied, metadata } as KubeObject;
}

function parsePatch(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw badRequest(`error decoding patch: ${goJsonError(text, error)}`);
  }
}

function unsupported(resource: Resource): ApiError {
  const types = resource.custom ? patchMediaTypes.filter((type) => !type.includes("strategic")) : patchMediaTypes;
  if (!resource.custom) return new ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {});
  const all = [...types, "application/apply-patch+yaml"].join(", ");
  const message = `the body of the request was in an unknown format - accepted media types include: ${all}`;
  return new ApiError(415, "UnsupportedMediaType", message);
}

/** DELETE of one object; the answer is the object where it stays for a while or the kind has it so, else a Status. */
export async function deleteObject(exchange: Exchange, place: Place): Promise<Answer> {
  const { api, request, url } = exchange;
  const { resource } = place;
  const { options, dryRun } = deleteOptions(url, await readBody(request));
  const chosen = withPolicyOfKind(exchange, resource, options);
  const { object, gone } = api.delete(place, chosen, dryRun);
  if (!gone || resource.returnsDeleted) return show(exchange, resource, 200, object);
  const details = {
    name: place.name,
    ...(resource.group === "" ? {} : { group: resource.group }),
    kind: resource.resource,
    uid: object.metadata.uid,
  };
  return json(200, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details });
}

/** Jobs leave their pods behind unless they are told not to, as batch/v1 always did. */
function withPolicyOfKind(exchange: Exchange, resource: Resource, options: DeleteOptions): DeleteOptions {
  if (resource.qualifiedName !== "jobs.batch" || options.propagation !== undefined) return options;
  exchange.warn(
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning",
  );
  return { ...options, propagation: "Orphan" };
}

/** The options of a write from the query; 422 for values that there are not. */
export function writeOptions(exchange: Exchange, kind: string): WriteOptions {
  const { searchParams } = exchange.url;
  const named = { group: "meta.k8s.io", kind, resource: "", qualifiedName: "" };
  const dryRun = searchParams.getAll("dryRun").filter((value) => value !== "");
  if (dryRun.some((value) => value !== "All")) {
    throw invalid(named, "", [notSupported("dryRun", dryRun, ["All"])]);
  }
  const asked = searchParams.get("fieldValidation") ?? "";
  const fieldValidation = (["Ignore", "Strict", "Warn"] as const).find((value) => value === asked);
  if (asked !== "" && !fieldValidation) {
    throw invalid(named, "", [notSupported("fieldValidation", asked, ["", "Ignore", "Strict", "Warn"])]);
  }
  return {
    fieldManager: fieldManagerOf(exchange),
    dryRun: dryRun.length > 0,
    fieldValidation: fieldValidation ?? "Warn",
    warn: exchange.warn,
  };
}

/** An answer with one object, in the form that the client asks for. */
export function show(exchange: Exchange, resource: Resource, status: number, object: StoredObject): Answer {
  const form = formOf(exchange.request.headers.accept);
  return answer(form, status, renderObject(form, resource, object, exchange.url.searchParams.get("includeObject")));
}

/** Throws 405 where the resource does not have the verb. */
export function mustHaveVerb(resource: Resource, verb: string): void {
  if (!resource.verbs.includes(verb)) throw methodNotAllowed();
}
