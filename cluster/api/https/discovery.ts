import { createHash } from "node:crypto";
import { methodNotAllowed, noSuchResource } from "../refusal.ts";
import type { Resource, ResourceTable } from "../resource-table.ts";
import { type Answer, type Exchange, json, pageNotFound, tagged } from "./exchange.ts";
import { partsOf } from "./parts.ts";

/** The resources of a group by their version, in the order in which versions are told. */
type Versions = ReadonlyMap<string, readonly Resource[]>;

/** What is served, by group: Kubernetes' own groups in the order of the data, custom ones by their names after them. */
export function servedBy(table: ResourceTable): ReadonlyMap<string, Versions> {
  const all = table.all().toSorted(by(({ custom, group }) => (custom ? group : "")));
  const groups = [...new Set(all.map(({ group }) => group))];
  return new Map(
    groups.map((group) => {
      const inGroup = all.filter((resource) => resource.group === group).toSorted(by(({ resource }) => resource));
      const versions = [...new Set(inGroup.map(({ version }) => version))].sort(byPriority);
      return [group, new Map(versions.map((told) => [told, inGroup.filter(({ version }) => version === told)]))];
    }),
  );
}

function by<T>(key: (value: T) => string): (a: T, b: T) => number {
  return (a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
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
  const groups = servedBy(api.table);
  if (rest.length === 0) {
    const form = /as=APIGroupDiscoveryList/.test(request.headers.accept ?? "");
    const version = form && /v=(v2(?:beta1)?)\b/.exec(request.headers.accept ?? "")?.[1];
    const told = [...groups].filter(([group]) => (group === "") === (root === "api"));
    if (version) return aggregate(exchange, version, told);
    if (root === "apis") return json(200, { kind: "APIGroupList", apiVersion: "v1", groups: told.map(groupEntry) });
    const serverAddressByClientCIDRs = [{ clientCIDR: "0.0.0.0/0", serverAddress: request.headers.host ?? "" }];
    return json(200, { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs });
  }
  mustRead(exchange);
  const [group = "", version] = root === "api" ? ["", rest[0]] : rest;
  const versions = groups.get(group);
  if (versions && version === undefined) {
    return json(200, { kind: "APIGroup", apiVersion: "v1", ...groupEntry([group, versions]) });
  }
  const resources = versions?.get(version ?? "");
  if (resources) return json(200, resourceList(group, version ?? "", resources));
  if (api.table.all().some((row) => row.group === group && !row.custom)) throw noSuchResource();
  return pageNotFound;
}

/** Refuses to change what can only be read. */
export function mustRead({ method }: Exchange): void {
  if (method !== "GET") throw methodNotAllowed();
}

function groupEntry([group, versions]: readonly [string, Versions]): object {
  const entries = [...versions.keys()].map((version) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions: entries, preferredVersion: entries[0] };
}

function resourceList(group: string, version: string, resources: readonly Resource[]): object {
  const entries = resources.flatMap((resource) => {
    const { resource: name, singular: singularName, namespaced, kind } = resource;
    const parts = partsOf(resource).map(([part, { verbs, kind: own = { kind } }]) => ({
      name: `${name}/${part}`,
      singularName: "",
      namespaced,
      ...own,
      verbs,
    }));
    return [
      { name, singularName, namespaced, kind, verbs: resource.verbs, ...namesOf(resource), ...kept(resource) },
      ...parts,
    ];
  });
  const core = { kind: "APIResourceList", groupVersion: version, resources: entries };
  return group === "" ? core : { ...core, apiVersion: "v1", groupVersion: `${group}/${version}` };
}

/** Short names and categories, where there are some. */
function namesOf({ shortNames, categories }: Resource): object {
  return { ...(shortNames.length > 0 ? { shortNames } : {}), ...(categories.length > 0 ? { categories } : {}) };
}

/** The versions in which Kubernetes keeps what it serves in another one. */
const keptAs: Readonly<Record<string, string>> = {
  "events.events.k8s.io": "/v1",
  "customresourcedefinitions.apiextensions.k8s.io": "apiextensions.k8s.io/v1beta1",
};

/** By this hash clients see that a resource is kept in another version than before; what is not kept has none. */
function kept({ group, version, kind, qualifiedName, custom, verbs }: Resource): object {
  if (!verbs.includes("get")) return {};
  const as = `${keptAs[qualifiedName] ?? `${group}/${custom?.storageVersion ?? version}`}/${kind}`;
  return { storageVersionHash: createHash("sha256").update(as).digest().subarray(0, 8).toString("base64") };
}

function aggregate(exchange: Exchange, version: string, groups: readonly (readonly [string, Versions])[]): Answer {
  const items = groups.map(([group, versions]) => ({
    metadata: group === "" ? {} : { name: group },
    versions: [...versions].map(([told, resources]) => ({
      version: told,
      resources: resources.map(aggregated),
      freshness: "Current",
    })),
  }));
  const apiVersion = `apidiscovery.k8s.io/${version}`;
  const body = JSON.stringify({ kind: "APIGroupDiscoveryList", apiVersion, metadata: {}, items });
  const type = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
  return tagged(exchange, type, body, "public");
}

function aggregated(resource: Resource): object {
  const { custom, group, version, kind, namespaced } = resource;
  // Custom resources name their group and version, Kubernetes' own leave them to be inferred.
  const inferred = custom ? { group, version } : { group: "", version: "" };
  const subresources = partsOf(resource).map(([subresource, { verbs, kind: own = { kind } }]) => ({
    subresource,
    responseKind: { ...inferred, ...own },
    verbs,
  }));
  return {
    resource: resource.resource,
    responseKind: { ...inferred, kind },
    scope: namespaced ? "Namespaced" : "Cluster",
    singularResource: resource.singular,
    verbs: resource.verbs,
    ...namesOf(resource),
    ...(subresources.length > 0 ? { subresources } : {}),
  };
}
