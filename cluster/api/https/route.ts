import { methodNotAllowed, noSuchResource } from "../refusal.ts";
import type { Place } from "../server.ts";
import { about } from "./about.ts";
import { discovery, notServed } from "./discovery.ts";
import { evict } from "./eviction.ts";
import { type Answer, type Exchange, json } from "./exchange.ts";
import { deleteCollection, listObjects } from "./lists.ts";
import { streamLog } from "./logs.ts";
import { createObject, deleteObject, getObject, mustHaveVerb, patchOne, replaceObject } from "./objects.ts";
import { openapi } from "./openapi.ts";
import { mustBeProxied, proxy } from "./proxy.ts";
import { type ResourcePath, resourcePath } from "./request-path.ts";
import { review } from "./reviews.ts";
import { scale } from "./scale.ts";
import { watchObjects } from "./watches.ts";

/** The answer to a request; undefined when the route answers by itself, as it streams. */
export async function route(exchange: Exchange): Promise<Answer | undefined> {
  const path = resourcePath(exchange.url.pathname);
  if (!path) return aside(exchange);
  const asked = await review(exchange, path);
  if (asked) return asked;
  const { api } = exchange;
  const resource = api.table.find(path.group, path.version, path.resource);
  if (!resource) {
    const isGroupServed = api.table
      .all()
      .some(({ group, version }) => group === path.group && version === path.version);
    if (!isGroupServed) return notServed(exchange);
    throw noSuchResource();
  }
  if (!resource.namespaced && path.namespace !== "") throw noSuchResource();
  if (resource.qualifiedName === "endpoints") {
    exchange.warn("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice");
  }
  const place = { resource, namespace: path.namespace, name: path.name };
  if (path.name === "") return collection(exchange, place, path);
  if (resource.namespaced && path.namespace === "") throw noSuchResource();
  return path.subresource === "" ? one(exchange, place) : part(exchange, place, path);
}

function aside(exchange: Exchange): Answer {
  const found = about(exchange) ?? discovery(exchange) ?? openapi(exchange);
  if (found) return found;
  const { api, url } = exchange;
  if (url.pathname !== "/") throw noSuchResource();
  const groups = new Set(
    api.table.all().map(({ group, version }) => (group === "" ? "" : `/apis/${group}/${version}`)),
  );
  const paths = [
    "/api",
    "/api/v1",
    "/apis",
    ...groups,
    "/healthz",
    "/livez",
    "/openapi/v2",
    "/openapi/v3",
    "/readyz",
    "/version",
  ];
  return json(200, { paths: paths.filter((path) => path !== "").sort() });
}

async function collection(exchange: Exchange, place: Place, path: ResourcePath): Promise<Answer | undefined> {
  const { method, url } = exchange;
  const { resource, namespace } = place;
  const watch = url.searchParams.get("watch");
  switch (method) {
    case "GET":
    case "HEAD":
      if (path.watch || (watch !== null && watch !== "false" && watch !== "0")) {
        mustHaveVerb(resource, "watch");
        watchObjects(exchange, resource, namespace);
        return undefined;
      }
      return listObjects(exchange, resource, namespace);
    case "POST":
      if (resource.namespaced && namespace === "") throw methodNotAllowed();
      mustHaveVerb(resource, "create");
      return createObject(exchange, resource, namespace);
    case "DELETE":
      if (resource.namespaced && namespace === "") throw methodNotAllowed();
      mustHaveVerb(resource, "deletecollection");
      return deleteCollection(exchange, resource, namespace);
    default:
      throw methodNotAllowed();
  }
}

async function one(exchange: Exchange, place: Place): Promise<Answer> {
  switch (exchange.method) {
    case "GET":
    case "HEAD":
      return getObject(exchange, place);
    case "PUT":
      return replaceObject(exchange, place);
    case "PATCH":
      return patchOne(exchange, place);
    case "DELETE":
      return deleteObject(exchange, place);
    default:
      throw methodNotAllowed();
  }
}

async function part(exchange: Exchange, place: Place, path: ResourcePath): Promise<Answer | undefined> {
  const { subresource, rest } = path;
  if (subresource === "proxy") {
    mustBeProxied(place);
    await proxy(exchange, place, rest);
    return undefined;
  }
  if (!place.resource.subresources.includes(subresource)) throw noSuchResource();
  switch (subresource) {
    case "status":
    case "finalize":
      if (exchange.method === "GET") return getObject(exchange, place);
      if (exchange.method === "PUT") return replaceObject(exchange, place, subresource);
      if (exchange.method === "PATCH") return patchOne(exchange, place, subresource);
      throw methodNotAllowed();
    case "scale":
      return scale(exchange, place);
    case "log":
      await streamLog(exchange, place);
      return undefined;
    case "eviction":
      return evict(exchange, place);
    default:
      throw noSuchResource();
  }
}
