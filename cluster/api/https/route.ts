import { methodNotAllowed, noSuchResource, notFound } from "../refusal.ts";
import type { Resource } from "../resource-table.ts";
import { about } from "./about.ts";
import { discovery } from "./discovery.ts";
import { type Answer, type Exchange, type Handler, pageNotFound } from "./exchange.ts";
import { deleteCollection, listObjects } from "./lists.ts";
import { createObject, deleteObject, getObject, patchOne, replaceObject } from "./objects.ts";
import { openapi } from "./openapi.ts";
import { type Method, partOf, type Verbs } from "./parts.ts";
import { type ResourcePath, resourcePath } from "./request-path.ts";
import { answerReview, reviews } from "./reviews.ts";
import { watchObjects } from "./watches.ts";

const ofCollection: Verbs = { GET: listObjects, POST: createObject, DELETE: deleteCollection };
const ofObject: Verbs = { GET: getObject, PUT: replaceObject, PATCH: patchOne, DELETE: deleteObject };
const collectionVerbs: Readonly<Record<string, string>> = { GET: "list", POST: "create", DELETE: "deletecollection" };

/** The answer to a request; undefined when the route answers by itself, as it streams. */
export async function route(exchange: Exchange): Promise<Answer | undefined> {
  const { api, method, url, warn } = exchange;
  const path = resourcePath(url.pathname);
  if (!path) return about(exchange) ?? discovery(exchange) ?? openapi(exchange) ?? pageNotFound;
  const { group, version, resource: name, namespace } = path;
  const isHere = (resource: Resource): boolean => resource.group === group && resource.version === version;
  const review = reviews.find(({ resource }) => isHere(resource) && resource.resource === name);
  const resource = review?.resource ?? api.table.find(group, version, name);
  if (!resource) {
    // What custom resources do not serve is nobody's; the others know what they lack.
    if (api.table.all().some((other) => isHere(other) && !other.custom)) throw noSuchResource();
    return pageNotFound;
  }
  if (!resource.namespaced && namespace !== "") {
    if (resource.custom) return pageNotFound;
    throw noSuchResource();
  }
  if (review) {
    if (method !== "POST" || path.name !== "") throw methodNotAllowed();
    return answerReview(exchange, review);
  }
  if (resource.qualifiedName === "endpoints") {
    warn("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice");
  }
  return handlerOf(exchange, path, resource)(exchange, { resource, namespace, name: path.name }, path);
}

function handlerOf({ method, query }: Exchange, path: ResourcePath, resource: Resource): Handler {
  const verb = (method === "HEAD" ? "GET" : method) as Method;
  const isCollection = path.name === "";
  if (path.watch || (isCollection && verb === "GET" && query.flag("watch") === true)) {
    if (verb !== "GET") throw methodNotAllowed();
    return watchObjects;
  }
  if (!isCollection && resource.namespaced && path.namespace === "") throw noSuchResource();
  const isEverywhere = resource.namespaced && path.namespace === "" && verb !== "GET";
  if (isCollection && (isEverywhere || !resource.verbs.includes(collectionVerbs[verb] ?? ""))) throw methodNotAllowed();
  const verbs = isCollection
    ? ofCollection
    : path.subresource === ""
      ? ofObject
      : partOf(resource, path.subresource)?.verbs;
  if (!verbs) throw resource.custom ? notFound(resource, path.name) : noSuchResource();
  const handler = verbs[verb];
  if (!handler) throw methodNotAllowed();
  return handler;
}
