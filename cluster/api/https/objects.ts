import type { KubeObject } from "../../client.ts";
import { ApiError } from "../../client.ts";
import { readApplied } from "../apply/index.ts";
import { type PatchMediaType, patchMediaTypes, patchObject, shownPatch } from "../patch/index.ts";
import { badRequest } from "../refusal.ts";
import type { Resource } from "../resource-table.ts";
import type { Place, WriteOptions } from "../server.ts";
import { contentType, objectBody, parseJson, readBody, unknownFormat } from "./bodies.ts";
import { type Answer, type Exchange, json, type ResourcePath } from "./exchange.ts";
import { deleteOptions, patchCauses, writeOptions } from "./options.ts";
import { show } from "./rendering.ts";

/** GET of one object. */
export function getObject(exchange: Exchange, place: Place): Answer {
  return show(exchange, place.resource, 200, exchange.api.get(place));
}

/** POST to a collection. */
export async function createObject(exchange: Exchange, { resource, namespace }: Place): Promise<Answer> {
  const options = writeOptions(exchange, "CreateOptions");
  const body = await objectBody(exchange, resource, options);
  checkNamespace(body.metadata, namespace);
  return show(exchange, resource, 201, exchange.api.create(resource, namespace, body, options));
}

function checkNamespace(metadata: KubeObject["metadata"], namespace: string): void {
  if (!metadata.namespace || metadata.namespace === namespace) return;
  throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
}

/** Refuses a body that is for another object than the URL names. */
export function checkName({ name }: KubeObject["metadata"], onUrl: string): void {
  if (name === onUrl) return;
  throw badRequest(`the name of the object (${name ?? ""}) does not match the name on the URL (${onUrl})`);
}

/** PUT of an object, or of a subresource that has its shape. */
export async function replaceObject(exchange: Exchange, place: Place, path: ResourcePath): Promise<Answer> {
  const options = { ...writeOptions(exchange, "UpdateOptions"), ...written(path) };
  const body = await objectBody(exchange, place.resource, options);
  if (!body.metadata.name) {
    throw badRequest(`the name of the object (${place.name} based on URL) was undeterminable: name must be provided`);
  }
  checkName(body.metadata, place.name);
  checkNamespace(body.metadata, place.namespace);
  const object = exchange.api.update(place, () => body, options);
  return show(exchange, place.resource, 200, object);
}

/** The part of an object that a path is about, where it is not the whole. */
function written({ subresource }: ResourcePath): Pick<WriteOptions, "subresource"> {
  return subresource === "status" || subresource === "finalize" ? { subresource } : {};
}

/** PATCH in any of the four ways, of an object or of a subresource that has its shape. */
export async function patchOne(exchange: Exchange, place: Place, path: ResourcePath): Promise<Answer> {
  const { api, query } = exchange;
  const { resource } = place;
  const type = contentType(exchange);
  const mediaType = patchTypesOf(resource).find((known) => known === type);
  const text = await readBody(exchange);
  const isApply = type === "application/apply-patch+yaml";
  if (!isApply && !mediaType) throw unsupported(resource);
  const options = { ...writeOptions(exchange, "PatchOptions", patchCauses(query, isApply)), ...written(path) };
  if (isApply) {
    const applied = appliedBody(text, place, options);
    const { object, created } = api.apply(place, applied, { ...options, force: query.flag("force") === true });
    return show(exchange, resource, created ? 201 : 200, object);
  }
  const patch = { mediaType: mediaType ?? patchMediaTypes[1], patch: patchOf(text), schema: resource.schema };
  const shown = (patched: object): string => shownPatch(patch, patched);
  const object = api.update(place, (live) => patchObject({ ...patch, live }), { ...options, patch: shown });
  return show(exchange, resource, 200, object);
}

/** Custom objects have no merge keys, and so no strategic merge. */
function patchTypesOf(resource: Resource): readonly PatchMediaType[] {
  return resource.custom ? patchMediaTypes.filter((type) => !type.includes("strategic")) : patchMediaTypes;
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
  if (metadata.name) checkName(metadata, name);
  checkNamespace(metadata, namespace);
  return { ...applied, metadata } as KubeObject;
}

/** A patch as JSON. */
export function patchOf(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    throw badRequest(`error decoding patch: ${(error as Error).message}`);
  }
}

function unsupported(resource: Resource): ApiError {
  if (!resource.custom) return new ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {});
  return unknownFormat([...patchTypesOf(resource), "application/apply-patch+yaml"]);
}

/** DELETE of one object; the answer is the object where it stays for a while or the kind has it so, else a Status. */
export async function deleteObject(exchange: Exchange, place: Place): Promise<Answer> {
  const { api, query, warn } = exchange;
  const { resource, name } = place;
  const { options, dryRun } = deleteOptions(query, await readBody(exchange));
  const orphans = resource.qualifiedName === "jobs.batch" && options.propagation === undefined;
  if (orphans) warn(jobWarning);
  const { object, gone } = api.delete(place, orphans ? { ...options, propagation: "Orphan" } : options, dryRun);
  if (!gone || resource.returnsDeleted) return show(exchange, resource, 200, object);
  const group = resource.group === "" ? {} : { group: resource.group };
  const details = { name, ...group, kind: resource.resource, uid: object.metadata.uid };
  return json(200, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details });
}

/** Jobs leave their pods behind unless they are told not to, as batch/v1 always did. */
const jobWarning =
  "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning";
