import type { Resource, ResourceTable } from "../resource-table.ts";
import { definitionName, publishedDefinitions, type RawSchema } from "../schema.ts";
import { servedBy } from "./discovery.ts";
import { type Answer, type Exchange, hashOf, json, tagged } from "./exchange.ts";
import { partsOf } from "./parts.ts";

/** Answers /openapi/v3, its documents, and as much of /openapi/v2 as old clients insist on; undefined for any other path. */
export function openapi(exchange: Exchange): Answer | undefined {
  const { api, url, query } = exchange;
  const path = url.pathname.replace(/\/$/, "");
  if (path === "/openapi/v2") return json(200, { swagger: "2.0", info, paths: {}, definitions: {} });
  const documents = documentsOf(api.table);
  if (path === "/openapi/v3") {
    const paths = Object.fromEntries(
      [...documents].map(([of, text]) => [of, { serverRelativeURL: locationOf(of, text) }]),
    );
    // The index says nothing of its type, and so Go guesses it.
    return { ...json(200, { paths }), type: "text/plain; charset=utf-8" };
  }
  const named = /^\/openapi\/v3\/(.+)$/.exec(path)?.[1];
  if (named === undefined) return undefined;
  const text = documents.get(named);
  if (text === undefined) return { status: 404, type: undefined, body: "" };
  const [location, asked] = [locationOf(named, text), query.text("hash")];
  if (asked !== "" && location !== `${path}?hash=${asked}`) {
    return { status: 301, type: undefined, body: "", headers: { location } };
  }
  return tagged(exchange, "application/json", text, asked === "" ? "no-cache, private" : "public, immutable");
}

const info = { title: "Kubernetes", version: "1.34" };
const meta = "io.k8s.apimachinery.pkg.apis.meta.v1";

function locationOf(path: string, text: string): string {
  return `/openapi/v3/${path}?hash=${hashOf(text)}`;
}

/** The documents of all groups and versions as JSON, and of the roots of discovery, by their paths. */
function documentsOf(table: ResourceTable): ReadonlyMap<string, string> {
  const found = [...servedBy(table)].flatMap(([group, versions]) => {
    const root = group === "" ? "api" : `apis/${group}`;
    const ofVersions = [...versions].map(([version, resources]) => {
      const path = `${root}/${version}`;
      return [path, documentOf(path, resources)] as const;
    });
    // Custom groups have no document of their own.
    const isCustom = [...versions.values()].flat().every(({ custom }) => custom);
    return isCustom ? ofVersions : [[root, documentOf(root, [])] as const, ...ofVersions];
  });
  const roots = ["apis", "version"].map((path) => [path, documentOf(path, [])] as const);
  return new Map([...found, ...roots].sort(([a], [b]) => (a < b ? -1 : 1)));
}

const documents = new WeakMap<Resource, { readonly of: readonly Resource[]; readonly text: string }>();

/** The document of one version, made again only when its resources have changed. */
function documentOf(path: string, resources: readonly Resource[]): string {
  const [first] = resources;
  const before = first && documents.get(first);
  const isSame = before?.of.length === resources.length && before.of.every((was, index) => was === resources[index]);
  if (isSame) return before.text;
  const isCustom = first?.custom !== undefined;
  const root = isCustom ? {} : { [`/${path}/`]: { get: {} } };
  const text = JSON.stringify({
    openapi: "3.0.0",
    info: isCustom ? { title: "Kubernetes CRD Swagger", version: "v0.1.0" } : info,
    paths: sorted(Object.assign(root, ...resources.map((resource) => pathsOf(resource, `/${path}`))) as object),
    components: { schemas: schemasOf(resources), ...(isCustom ? {} : { securitySchemes }) },
  });
  if (first) documents.set(first, { of: resources, text });
  return text;
}

const securitySchemes = {
  BearerToken: { type: "apiKey", description: "Bearer Token authentication", name: "authorization", in: "header" },
};

/** Kinds of the machinery that every document knows. */
const everywhere = ["APIResourceList", "DeleteOptions", "Patch", "Status", "WatchEvent"].map(
  (kind) => `${meta}.${kind}`,
);

/** The definitions of the kinds and of all to which they refer, with references as OpenAPI writes them. */
function schemasOf(resources: readonly Resource[]): Readonly<Record<string, unknown>> {
  const published = publishedDefinitions;
  const own = Object.fromEntries(resources.filter(({ custom }) => custom).flatMap(customDefinitions));
  const kinds = resources.flatMap((resource) => [nameOf(resource), `${nameOf(resource)}List`]);
  const wanted = kinds.length === 0 ? [] : [...everywhere, ...kinds];
  const found: Record<string, unknown> = {};
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    const raw = own[name] ?? published[name];
    if (!raw || found[name] !== undefined) continue;
    found[name] = linked(raw);
    wanted.push(...referencesOf(raw));
  }
  return sorted(found);
}

function sorted(map: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function customDefinitions(resource: Resource): (readonly [string, RawSchema])[] {
  const { group, version, kind, schema } = resource;
  const name = nameOf(resource);
  const text = { type: "string" };
  const head = (of: string): RawSchema["properties"] => ({ apiVersion: text, kind: text, metadata: { $ref: of } });
  const named = (kindOf: string): RawSchema => ({
    "x-kubernetes-group-version-kind": [{ group, kind: kindOf, version }],
  });
  const raw = schema?.raw ?? { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  const items = { type: "array", items: { $ref: name } };
  const listed = { ...head(`${meta}.ListMeta`), items };
  return [
    [name, { ...raw, properties: { ...raw.properties, ...head(`${meta}.ObjectMeta`) }, ...named(kind) }],
    [`${name}List`, { type: "object", required: ["items"], properties: listed, ...named(`${kind}List`) }],
  ];
}

function nameOf({ custom, group, version, kind }: Resource): string {
  const published = custom ? undefined : definitionName(group, version, kind);
  return published ?? [...group.split(".").toReversed(), version, kind].join(".");
}

function referencesOf(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "$ref" && typeof inner === "string" ? [inner] : referencesOf(inner),
  );
}

function linked(value: unknown, isProperty = false): unknown {
  if (Array.isArray(value)) return value.map((item) => linked(item));
  if (typeof value !== "object" || value === null) return value;
  const { $ref, "x-definition": _definition, ...rest } = value as RawSchema;
  const others = Object.fromEntries(
    Object.entries(rest).map(([key, inner]) => [key, key === "properties" ? ofProperties(inner) : linked(inner)]),
  );
  if (rest["x-kubernetes-int-or-string"] === true)
    return { anyOf: [{ type: "integer" }, { type: "string" }], ...others };
  if (typeof $ref !== "string") return others;
  // Keywords beside a reference do not count in OpenAPI v3.0, so Kubernetes wraps it; every property has a description.
  const reference = { $ref: `#/components/schemas/${$ref}` };
  return Object.keys(others).length === 0 && !isProperty ? reference : { allOf: [reference], ...others };
}

function ofProperties(properties: unknown): object {
  return Object.fromEntries(Object.entries(properties as object).map(([name, inner]) => [name, linked(inner, true)]));
}

/** Verbs that have another name in OpenAPI, and the HTTP methods of verbs that are not methods themselves. */
const actions: Readonly<Record<string, string>> = { create: "post", update: "put" };
const methods: Readonly<Record<string, string>> = {
  list: "get",
  watch: "get",
  watchlist: "get",
  deletecollection: "delete",
};

/** By these kubectl knows that the server can validate and try a write. */
const parameters = ["dryRun", "fieldManager", "fieldValidation", "force"].map((name) => ({
  name,
  in: "query",
  schema: { type: name === "force" ? "boolean" : "string", uniqueItems: true },
}));

function pathsOf(resource: Resource, root: string): Readonly<Record<string, object>> {
  const { group, version, kind, namespaced, resource: plural, verbs, custom } = resource;
  const own = { group, version, kind };
  const item = (wanted: readonly string[], of: object = own): object => {
    const operations = wanted.map((verb) => {
      const action = actions[verb] ?? verb;
      const known = { post: 3, put: 3, patch: 4 }[action] ?? 0;
      const told = { "x-kubernetes-action": action, "x-kubernetes-group-version-kind": of };
      return [methods[action] ?? action, { ...told, parameters: parameters.slice(0, known) }];
    });
    return { ...(Object.fromEntries(operations) as object), parameters: [] };
  };
  const within = `${namespaced ? "namespaces/{namespace}/" : ""}${plural}`;
  const [isKept, isWatched] = [verbs.includes("get"), verbs.includes("get") && !custom];
  const may = (...wanted: readonly string[]): object => item(wanted.filter((verb) => verbs.includes(verb)));
  const parts = partsOf(resource).map(([part, { verbs: able, kind: other }]) => {
    return [`${root}/${within}/{name}/${part}`, item(able, { ...own, ...other })] as const;
  });
  return {
    ...(namespaced && isKept ? { [`${root}/${plural}`]: item(["list"]) } : {}),
    [`${root}/${within}`]: may("list", "create", "deletecollection"),
    ...(isKept ? { [`${root}/${within}/{name}`]: item(["get", "update", "delete", "patch"]) } : {}),
    ...(Object.fromEntries(parts) as Readonly<Record<string, object>>),
    ...(isWatched && namespaced ? { [`${root}/watch/${plural}`]: item(["watchlist"]) } : {}),
    ...(isWatched ? { [`${root}/watch/${within}`]: item(["watchlist"]) } : {}),
    ...(isWatched ? { [`${root}/watch/${within}/{name}`]: item(["watch"]) } : {}),
  };
}
