import { methodNotAllowed, noSuchResource, notFound } from "../refusal.ts";
import type { Resource } from "../resource-table.ts";
import { about } from "./about.ts";
import { discovery } from "./discovery.ts";
import { type Answer, type Exchange, type Handler, pageNotFound, type ResourcePath } from "./exchange.ts";
import { deleteCollection, listObjects } from "./lists.ts";
import { createObject, deleteObject, getObject, replaceObject } from "./objects.ts";
import { patchOne } from "./patches.ts";
import { openapi } from "./openapi.ts";
import { partsOf, type Verbs } from "./parts.ts";
import { answerReview, verdicts } from "./reviews.ts";
import { watchObjects } from "./watches.ts";

/** The verbs of the methods, on one thing and on a collection. */
const one: Readonly<Record<string, string>> = {
  GET: "get",
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};
const many: Readonly<Record<string, string>> = {
  GET: "list",
  POST: "create",
  DELETE: "deletecollection",
};

const ofCollection: Verbs = {
  list: listObjects,
  watch: watchObjects,
  create: createObject,
  deletecollection: deleteCollection,
};
const ofObject: Verbs = { get: getObject, update: replaceObject, patch: patchOne, delete: deleteObject };

/** The answer to a request; undefined when the route answers by itself, as it streams. */
export async function route(exchange: Exchange): Promise<Answer | undefined> {
  const { api, url, warn } = exchange;
  const path = resourcePath(url.pathname);
  if (!path) return about(exchange) ?? discovery(exchange) ?? openapi(exchange) ?? pageNotFound;
  const { group, namespace, name } = path;
  const resource = api.table.find(group, path.version, path.resource);
  if (!resource || (!resource.namespaced && namespace !== "")) {
    // What custom resources do not serve is nobody's; the others know what they lack.
    if (api.table.all().some((row) => row.group === group && !row.custom)) throw noSuchResource();
    return pageNotFound;
  }
  if (resource.qualifiedName === "endpoints") {
    warn("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice");
  }
  return handlerOf(exchange, path, resource)(exchange, { resource, namespace, name }, path);
}

function handlerOf({ method, query }: Exchange, path: ResourcePath, resource: Resource): Handler {
  const { name, namespace, subresource } = path;
  const isCollection = name === "" || path.watch;
  // Only what is passed on may be asked for its head.
  const asked = (isCollection ? many : one)[method === "HEAD" && subresource === "proxy" ? "GET" : method] ?? "";
  const verb = asked === "list" && (path.watch || query.flag("watch") === true) ? "watch" : asked;
  const reads = verb === "list" || verb === "watch";
  if (resource.namespaced && namespace === "" && !reads) throw isCollection ? methodNotAllowed() : noSuchResource();
  if (subresource !== "" && !path.watch) {
    const part = partsOf(resource).find(([known]) => known === subresource)?.[1];
    if (!part) throw resource.custom ? notFound(resource, name) : noSuchResource();
    return part.handlers[verb] ?? refuseMethod();
  }
  if (!resource.verbs.includes(verb) || (path.watch && verb !== "watch")) {
    throw isCollection || resource.verbs.includes("get") ? methodNotAllowed() : noSuchResource();
  }
  if (verdicts[resource.qualifiedName]) return answerReview;
  return (isCollection ? ofCollection : ofObject)[verb] ?? refuseMethod();
}

function refuseMethod(): never {
  throw methodNotAllowed();
}

/** Reads /api/v1/… and /apis/group/version/…; undefined for any other path, and for the roots of groups. */
function resourcePath(pathname: string): ResourcePath | undefined {
  const [, root, ...parts] = pathname.split("/").map(decoded);
  if (root !== "api" && root !== "apis") return undefined;
  const group = root === "api" ? "" : (parts.shift() ?? "");
  const version = parts.shift() ?? "";
  const watch = parts[0] === "watch";
  if (watch) parts.shift();
  // /namespaces/n/status and /finalize are of the namespace itself; anything else below it is in it.
  const below = parts[0] === "namespaces" ? (parts[2] ?? "") : "";
  const [, namespace = ""] = ["", "status", "finalize"].includes(below) ? [] : parts.splice(0, 2);
  const [resource = "", name = "", subresource = "", ...rest] = parts;
  if (resource === "") return undefined;
  return {
    group,
    version,
    resource,
    namespace,
    name,
    subresource,
    watch,
    rest: rest.map((part) => `/${part}`).join(""),
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
