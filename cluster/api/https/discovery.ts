import { createHash } from "node:crypto";
import type { Resource, ResourceTable } from "../resource-table.ts";
import { type Answer, type Exchange, json, plain } from "./exchange.ts";

const scaleKind = { group: "autoscaling", version: "v1", kind: "Scale" };

/** Subresources whose verbs or kinds are not those of a part of the object. */
const special: Readonly<
  Record<string, { readonly verbs: readonly string[]; readonly kind?: string; readonly of?: object }>
> = {
  "pods/log": { verbs: ["get"] },
  "pods/eviction": { verbs: ["create"], of: { group: "policy", version: "v1", kind: "Eviction" } },
  "pods/proxy": { verbs: ["create", "delete", "get", "patch", "update"], kind: "PodProxyOptions" },
  "services/proxy": { verbs: ["create", "delete", "get", "patch", "update"], kind: "ServiceProxyOptions" },
  "namespaces/finalize": { verbs: ["update"] },
};

/** Reviews are asked by POST and kept nowhere. */
const reviews: readonly Resource[] = [];

/** What of a resource discovery tells. */
interface Entry {
  readonly name: string;
  readonly resource: Resource;
  readonly verbs: readonly string[];
  readonly kind: { readonly group?: string; readonly version?: string; readonly kind: string };
}

function entriesOf(resource: Resource): readonly Entry[] {
  return [
    { name: resource.resource, resource, verbs: resource.verbs, kind: { kind: resource.kind } },
    ...resource.subresources.toSorted().map((subresource) => {
      const name = `${resource.resource}/${subresource}`;
      const { verbs = ["get", "patch", "update"], kind = resource.kind, of } = special[name] ?? {};
      const scale = subresource === "scale" ? scaleKind : of;
      return { name, resource, verbs, kind: { kind, ...scale } };
    }),
  ];
}

/** The versions that are served, by group in the order in which they are told; "" is the core group. */
function groups(table: ResourceTable): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, Set<string>>([["", new Set(["v1"])]]);
  for (const { group, version } of [...table.all(), ...reviews]) {
    found.set(group, (found.get(group) ?? new Set<string>()).add(version));
  }
  for (const group of ["authentication.k8s.io", "authorization.k8s.io"]) found.set(group, new Set(["v1"]));
  return new Map([...found].map(([group, versions]) => [group, [...versions].sort(byPriority)]));
}

/** GA before beta before alpha, newer before older. */
function byPriority(a: string, b: string): number {
  const rank = (version: string): readonly number[] => {
    const [, major = "0", stage, minor = "0"] = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version) ?? [];
    return [stage === undefined ? 2 : stage === "beta" ? 1 : 0, Number(major), Number(minor)];
  };
  const [left, right] = [rank(a), rank(b)];
  const at = left.findIndex((value, index) => value !== right[index]);
  return at < 0 ? 0 : (right[at] ?? 0) - (left[at] ?? 0);
}

/** Answers the roots /api, /apis, their groups and versions; undefined for any other path. */
export function discovery(exchange: Exchange): Answer | undefined {
  const { api, url } = exchange;
  const [root, ...rest] = url.pathname.split("/").filter((part) => part !== "");
  if (root !== "api" && root !== "apis") return undefined;
  const aggregated = aggregatedVersion(exchange.request.headers.accept);
  if (rest.length === 0) {
    if (aggregated) return aggregate(exchange, root === "api", aggregated);
    return root === "api"
      ? json(200, { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] })
      : json(200, groupList(api.table));
  }
  const [group = "", version] = root === "api" ? ["", rest[0]] : rest;
  const versions = groups(api.table).get(group);
  if (!versions || rest.length > (root === "api" ? 1 : 2)) return versions ? undefined : notServed(exchange);
  if (version === undefined) return json(200, { kind: "APIGroup", apiVersion: "v1", ...groupEntry(group, versions) });
  return versions.includes(version) ? json(200, resourceList(api.table, group, version)) : notServed(exchange);
}

/** A path of no group that is served is no API path at all. */
export function notServed(_exchange: Exchange): Answer {
  return plain(404, "404 page not found\n");
}

function groupEntry(group: string, versions: readonly string[]): object {
  const entries = versions.map((version) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions: entries, preferredVersion: entries[0] };
}

function groupList(table: ResourceTable): object {
  const entries = [...groups(table)].filter(([group]) => group !== "");
  return {
    kind: "APIGroupList",
    apiVersion: "v1",
    groups: entries.map(([group, versions]) => groupEntry(group, versions)),
  };
}

/** The resources of reviews, which are not in the table as they are not stored. */
const reviewEntries: Readonly<Record<string, readonly { readonly name: string; readonly kind: string }[]>> = {
  "authentication.k8s.io": [{ name: "selfsubjectreviews", kind: "SelfSubjectReview" }],
  "authorization.k8s.io": [{ name: "selfsubjectaccessreviews", kind: "SelfSubjectAccessReview" }],
};

function resourceList(table: ResourceTable, group: string, version: string): object {
  const served = table.all().filter((resource) => resource.group === group && resource.version === version);
  const resources = served.flatMap(entriesOf).map(({ name, resource, verbs, kind }) => ({
    name,
    singularName: name.includes("/") ? "" : resource.singular,
    namespaced: resource.namespaced,
    ...kind,
    verbs,
    ...(name.includes("/") || resource.shortNames.length === 0 ? {} : { shortNames: resource.shortNames }),
    ...(name.includes("/") || resource.categories.length === 0 ? {} : { categories: resource.categories }),
    ...(name.includes("/") ? {} : { storageVersionHash: storageHash(resource) }),
  }));
  const asked = (reviewEntries[group] ?? []).map(({ name, kind }) => ({
    name,
    singularName: kind.toLowerCase(),
    namespaced: false,
    kind,
    verbs: ["create"],
  }));
  const sorted = [...resources, ...asked].sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    kind: "APIResourceList",
    ...(group === "" ? {} : { apiVersion: "v1" }),
    groupVersion: group === "" ? version : `${group}/${version}`,
    resources: sorted,
  };
}

function storageHash({ group, version, kind, storedAs }: Resource): string {
  const stored = storedAs === "events" ? "v1" : group === "" ? version : `${group}/${version}`;
  return createHash("sha256")
    .update(`${stored === "v1" ? "/v1" : stored}/${kind}`)
    .digest()
    .subarray(0, 8)
    .toString("base64");
}

function aggregatedVersion(accept: string | undefined): "v2" | "v2beta1" | undefined {
  for (const range of (accept ?? "").split(",")) {
    if (!range.includes("as=APIGroupDiscoveryList") || !range.includes("g=apidiscovery.k8s.io")) continue;
    if (/v=v2(;|$)/.test(range)) return "v2";
    if (range.includes("v=v2beta1")) return "v2beta1";
  }
  return undefined;
}

function aggregate(exchange: Exchange, core: boolean, version: "v2" | "v2beta1"): Answer {
  const { api, request } = exchange;
  const items = [...groups(api.table)]
    .filter(([group]) => (group === "") === core)
    .map(([group, versions]) => ({
      metadata: group === "" ? {} : { name: group },
      versions: versions.map((served) => ({
        version: served,
        resources: aggregatedResources(api.table, group, served),
        freshness: "Current",
      })),
    }));
  const body = JSON.stringify({
    kind: "APIGroupDiscoveryList",
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items,
  });
  const etag = `"${createHash("sha512").update(body).digest("hex").toUpperCase()}"`;
  const headers = { etag, vary: "Accept", "cache-control": "public" };
  const type = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
  if (request.headers["if-none-match"] === etag) return { status: 304, type, body: "", headers };
  return { status: 200, type, body, headers };
}

function aggregatedResources(table: ResourceTable, group: string, version: string): readonly object[] {
  const served = table
    .all()
    .filter((resource) => resource.group === group && resource.version === version)
    .toSorted((a, b) => (a.resource < b.resource ? -1 : 1))
    .map((resource) => {
      const [own, ...parts] = entriesOf(resource);
      return {
        resource: resource.resource,
        responseKind: { group: "", version: "", kind: resource.kind },
        scope: resource.namespaced ? "Namespaced" : "Cluster",
        singularResource: resource.singular,
        verbs: own?.verbs,
        ...(resource.shortNames.length > 0 ? { shortNames: resource.shortNames } : {}),
        ...(resource.categories.length > 0 ? { categories: resource.categories } : {}),
        ...(parts.length > 0
          ? {
              subresources: parts.map(({ name, verbs, kind }) => ({
                subresource: name.split("/")[1],
                responseKind: { group: "", version: "", ...kind },
                verbs,
              })),
            }
          : {}),
      };
    });
  const asked = (reviewEntries[group] ?? []).map(({ name, kind }) => ({
    resource: name,
    responseKind: { group: "", version: "", kind },
    scope: "Cluster",
    singularResource: kind.toLowerCase(),
    verbs: ["create"],
  }));
  return [...served, ...asked];
}
