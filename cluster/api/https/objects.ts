import type { KubeObject } from "../../client.ts";
import { badRequest } from "../refusal.ts";
import type { Place, WriteOptions } from "../server.ts";
import { objectBody } from "./bodies.ts";
import { type Answer, type Exchange, json, type ResourcePath } from "./exchange.ts";
import { deleteOptions, writeOptions } from "./options.ts";
import { show } from "./rendering.ts";

/** GET of one object. */
export function getObject(exchange: Exchange, place: Place): Answer {
  return show(exchange, place.resource, 200, exchange.api.get(place));
}

/** POST to a collection. */
export async function createObject(exchange: Exchange, { resource, namespace }: Place): Promise<Answer> {
  const options = writeOptions(exchange, "CreateOptions");
  const { body, mistakes } = await objectBody(exchange, resource);
  checkNamespace(body.metadata, namespace);
  return show(exchange, resource, 201, exchange.api.create(resource, namespace, body, { ...options, mistakes }));
}

/** Refuses a body that is for another namespace than the URL names. */
export function checkNamespace(metadata: KubeObject["metadata"], namespace: string): void {
  if (!metadata.namespace || metadata.namespace === namespace) return;
  throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
}

/** Refuses a body that is for another object than the URL names. */
export function checkName({ name }: KubeObject["metadata"], onUrl: string): void {
  if (name === onUrl) return;
  throw badRequest(`the name of the object (${name ?? ""}) does not match the name on the URL (${onUrl})`);
}

/** Refuses an object that does not say that it is the one which the URL names. */
export function checkPlace(metadata: KubeObject["metadata"] | undefined, { namespace, name }: Place): void {
  if (!metadata?.name) {
    throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  }
  checkNamespace(metadata, namespace);
  checkName(metadata, name);
}

/** PUT of an object, or of a subresource that has its shape. */
export async function replaceObject(exchange: Exchange, place: Place, path: ResourcePath): Promise<Answer> {
  const options = { ...writeOptions(exchange, "UpdateOptions"), ...written(path) };
  const { body, mistakes } = await objectBody(exchange, place.resource);
  checkPlace(body.metadata, place);
  const object = exchange.api.update(place, () => body, { ...options, mistakes });
  return show(exchange, place.resource, 200, object);
}

/** The part of an object that a path is about, where it is not the whole. */
export function written({ subresource }: ResourcePath): Pick<WriteOptions, "subresource"> {
  return subresource === "status" || subresource === "finalize" ? { subresource } : {};
}

/** DELETE of one object; answers a Status, or the object where it stays for a while or its kind is answered so. */
export async function deleteObject(exchange: Exchange, place: Place): Promise<Answer> {
  const { api, warn } = exchange;
  const { resource, name } = place;
  const { options, dryRun } = await deleteOptions(exchange);
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
