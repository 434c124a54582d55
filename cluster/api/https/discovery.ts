import { createHash } from "node:crypto";
import { noSuchResource, statusOf } from "../refusal.ts";
import type { Resource, ResourceTable } from "../resource-table.ts";
import { type Answer, type Exchange, json, pageNotFound } from "./exchange.ts";
import { partOf } from "./parts.ts";
import { reviews } from "./reviews.ts";

/** The order in which Kubernetes tells its groups; those of custom resources come after them. */
const groupOrder = [
  "",
  "apps",
  "events.k8s.io",
  "authentication.k8s.io",
  "authorization.k8s.io",
  "autoscaling",
  "batch",
  "networking.k8s.io",
  "policy",
  "rbac.authorization.k8s.io",
  "storage.k8s.io",
  "apiextensions.k8s.io",
  "scheduling.k8s.io",
  "coordination.k8s.io",
  "discovery.k8s.io",
];

/** Everything that is served, reviews too. */
function servedBy(table: ResourceTable): readonly Resource[] {
  return [...table.all(), ...reviews.map(({ resource }) => resource)];
}

/** The versions that are served, by group in the order in which they are told; "" is the core group. */
export function groupsOf(table: ResourceTable): ReadonlyMap<string, readonly string[]> {
  const served = servedBy(table);
  const custom = [...new Set(served.map(({ group }) => group))].filter((group) => !groupOrder.includes(group)).sort();
  return new Map(
    [...groupOrder, ...custom].map((group) => {
      const versions = served.filter((resource) => resource.group === group).map(({ version }) => version);
      return [group, [...new Set(versions)].sort(byPriority)];
    }),
  );
}

/** GA before beta before alpha, newer before older. */
function byPriority(a: string, b: string): number {
  const rank = (version: string): number => {
    const [, major = "0", stage = "", minor = "0"] = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version) ?? [];
    return ["alpha", "beta", ""].indexOf(stage) * 1e6 + Number(major) * 1e3 + Number(minor);
  };
  return rank(b) - rank(a);
}

/** Answers the roots /api, /apis, their groups and versions; undefined for any other path. */
export function discovery(exchange: Exchange): Answer | undefined {
  const { api, url, request } = exchange;
  const [root, ...rest] = url.pathname.split("/").filter((part) => part !== "");
  if (root !== "api" && root !== "apis") return undefined;
  const groups = groupsOf(api.table);
  if (rest.length === 0) {
    const aggregated = aggregatedVersion(request.headers.accept);
    if (aggregated) return aggregate(exchange, root === "api", aggregated);
    return json(200, root === "api" ? coreVersions(exchange) : groupList(groups));
  }
  const [group = "", version] = root === "api" ? ["", rest[0]] : rest;
  const versions = groups.get(group);
  const isServed = version === undefined || versions?.includes(version) === true;
  if (root === "api" && !isServed) return json(404, statusOf(noSuchResource()));
  if (!versions || !isServed) return pageNotFound;
  if (version !== undefined) return json(200, resourceList(api.table, group, version));
  return json(200, { kind: "APIGroup", apiVersion: "v1", ...groupEntry(group, versions) });
}

function coreVersions({ request }: Exchange): object {
  const serverAddressByClientCIDRs = [{ clientCIDR: "0.0.0.0/0", serverAddress: request.headers.host ?? "" }];
  return { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs };
}

function groupList(groups: ReadonlyMap<string, readonly string[]>): object {
  const told = [...groups].filter(([group]) => group !== "").map(([group, versions]) => groupEntry(group, versions));
  return { kind: "APIGroupList", apiVersion: "v1", groups: told };
}

function groupEntry(group: string, versions: readonly string[]): object {
  const entries = versions.map((version) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions: entries, preferredVersion: entries[0] };
}

/** What discovery tells of a resource or of a part of it. */
interface Entry {
  /** "" for the resource itself. */
  readonly subresource: string;
  readonly verbs: readonly string[];
  readonly kind: { readonly group?: string; readonly version?: string; readonly kind: string };
}

const verbNames: Readonly<Record<string, string>> = {
  GET: "get",
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

/** Custom resources tell their verbs in an order of their own. */
const customVerbs = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];

function entriesOf(resource: Resource): readonly Entry[] {
  const { kind, subresources } = resource;
  const own = { subresource: "", verbs: resource.custom ? customVerbs : resource.verbs, kind: { kind } };
  const parts = (resource.custom ? subresources : subresources.toSorted()).flatMap((subresource) => {
    const part = partOf(resource, subresource);
    if (!part) return [];
    const verbs = Object.keys(part.verbs).map((method) => verbNames[method] ?? "");
    return [{ subresource, verbs: verbs.sort(), kind: part.kind ?? { kind } }];
  });
  return [own, ...parts];
}

function resourcesOf(table: ResourceTable, group: string, version: string): readonly Resource[] {
  const served = servedBy(table).filter((resource) => resource.group === group && resource.version === version);
  return served.toSorted((a, b) => (a.resource < b.resource ? -1 : 1));
}

/** Names where there are some. */
function names({ shortNames, categories }: Resource): object {
  return { ...(shortNames.length > 0 ? { shortNames } : {}), ...(categories.length > 0 ? { categories } : {}) };
}

function resourceList(table: ResourceTable, group: string, version: string): object {
  const resources = resourcesOf(table, group, version).flatMap((resource) => {
    const isReview = reviews.some((review) => review.resource === resource);
    return entriesOf(resource).map(({ subresource, verbs, kind }) => ({
      name: subresource === "" ? resource.resource : `${resource.resource}/${subresource}`,
      singularName: subresource === "" ? resource.singular : "",
      namespaced: resource.namespaced,
      ...kind,
      verbs,
      ...(subresource === "" ? names(resource) : {}),
      ...(subresource === "" && !isReview ? { storageVersionHash: storageHash(resource) } : {}),
    }));
  });
  const core = { kind: "APIResourceList", groupVersion: version, resources };
  return group === "" ? core : { ...core, apiVersion: "v1", groupVersion: `${group}/${version}` };
}

/** The versions in which Kubernetes keeps what it serves in another one. */
const keptAs: Readonly<Record<string, string>> = {
  "events.events.k8s.io": "/v1",
  "customresourcedefinitions.apiextensions.k8s.io": "apiextensions.k8s.io/v1beta1",
};

function storageHash({ group, version, kind, qualifiedName, custom }: Resource): string {
  const kept = keptAs[qualifiedName] ?? `${group}/${custom?.storageVersion ?? version}`;
  return createHash("sha256").update(`${kept}/${kind}`).digest().subarray(0, 8).toString("base64");
}

function aggregatedVersion(accept = ""): string | undefined {
  const ranges = accept.split(",").filter((range) => range.includes("as=APIGroupDiscoveryList"));
  return ranges.map((range) => /v=(v2(?:beta1)?)(?:;|$)/.exec(range)?.[1]).find((version) => version !== undefined);
}

/** The answer with an ETag, or 304 for a client that has it. */
export function tagged({ request }: Exchange, type: string, body: string, cacheControl: string): Answer {
  const etag = `"${hashOf(body)}"`;
  const headers = { etag, vary: "Accept", "cache-control": cacheControl };
  if (request.headers["if-none-match"] === etag) return { status: 304, type: undefined, body: "", headers };
  return { status: 200, type, body, headers };
}

/** What of a document changes when the document does. */
export function hashOf(text: string): string {
  return createHash("sha512").update(text).digest("hex").toUpperCase();
}

function aggregate(exchange: Exchange, isCore: boolean, version: string): Answer {
  const { table } = exchange.api;
  const items = [...groupsOf(table)]
    .filter(([group]) => (group === "") === isCore)
    .map(([group, versions]) => ({
      metadata: group === "" ? {} : { name: group },
      versions: versions.map((served) => ({
        version: served,
        resources: resourcesOf(table, group, served).map(aggregated),
        freshness: "Current",
      })),
    }));
  const apiVersion = `apidiscovery.k8s.io/${version}`;
  const body = JSON.stringify({ kind: "APIGroupDiscoveryList", apiVersion, metadata: {}, items });
  const type = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
  return tagged(exchange, type, body, "public");
}

function aggregated(resource: Resource): object {
  const [own, ...parts] = entriesOf(resource);
  // Custom resources name their group and version, Kubernetes' own leave them to be inferred.
  const inferred = resource.custom ? { group: resource.group, version: resource.version } : { group: "", version: "" };
  const subresources = parts.map(({ subresource, verbs, kind }) => ({
    subresource,
    responseKind: { ...inferred, ...kind },
    verbs,
  }));
  return {
    resource: resource.resource,
    responseKind: { ...inferred, kind: resource.kind },
    scope: resource.namespaced ? "Namespaced" : "Cluster",
    singularResource: resource.singular,
    verbs: own?.verbs,
    ...names(resource),
    ...(subresources.length > 0 ? { subresources } : {}),
  };
}
