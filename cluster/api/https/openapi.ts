import type { Resource, ResourceTable } from "../resource-table.ts";
import { definitionName, publishedDefinitions, type RawSchema } from "../schema.ts";
import { groupsOf, hashOf, tagged } from "./discovery.ts";
import { type Answer, type Exchange, json } from "./exchange.ts";
import { partOf } from "./parts.ts";

/** Answers /openapi/v3, its documents, and as much of /openapi/v2 as old clients insist on; undefined for any other path. */
export function openapi(exchange: Exchange): Answer | undefined {
  const { api, url, query } = exchange;
  const path = url.pathname.replace(/\/$/, "");
  if (path === "/openapi/v2") return json(200, { swagger: "2.0", info, paths: {}, definitions: {} });
  // The index says nothing of its type, and so Go guesses it.
  if (path === "/openapi/v3") return { ...json(200, { paths: index(api.table) }), type: "text/plain; charset=utf-8" };
  const named = /^\/openapi\/v3\/(.+)$/.exec(path)?.[1];
  if (named === undefined) return undefined;
  const text = documentAt(api.table, named);
  if (text === undefined) return { status: 404, type: undefined, body: "" };
  const location = locationOf(named, text);
  const asked = query.text("hash");
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

function index(table: ResourceTable): Readonly<Record<string, object>> {
  const groups = [...groupsOf(table)].flatMap(([group, versions]) =>
    group === "" ? ["api", "api/v1"] : [`apis/${group}`, ...versions.map((version) => `apis/${group}/${version}`)],
  );
  return Object.fromEntries(
    [...groups, "apis", "version"].sort().flatMap((path) => {
      const text = documentAt(table, path);
      return text === undefined ? [] : [[path, { serverRelativeURL: locationOf(path, text) }]];
    }),
  );
}

function pathOf({ group, version }: Resource): string {
  return group === "" ? `api/${version}` : `apis/${group}/${version}`;
}

const documents = new WeakMap<ResourceTable, Map<string, { readonly of: string; readonly text: string }>>();

/** The document of a path as JSON text, made again only when the resources there have changed. */
function documentAt(table: ResourceTable, path: string): string | undefined {
  const resources = table.all().filter((resource) => pathOf(resource) === path);
  const root = resources.length > 0 ? `${meta}.APIResourceList` : rootOf(table, path);
  if (root === undefined) return undefined;
  const of = resources.map(({ resource, custom }) => `${resource}${custom ? JSON.stringify(custom) : ""}`).join();
  const known = documents.get(table) ?? new Map<string, { of: string; text: string }>();
  documents.set(table, known);
  const before = known.get(path);
  if (before?.of === of) return before.text;
  const isCustom = resources.some(({ custom }) => custom !== undefined);
  const rootPath = isCustom ? {} : { [`/${path}/`]: { get: { responses: answered(root) } } };
  const paths = Object.assign(rootPath, ...resources.map(pathsOf)) as object;
  const text = JSON.stringify({
    openapi: "3.0.0",
    info: isCustom ? { title: "Kubernetes CRD Swagger", version: "v0.1.0" } : info,
    paths,
    components: { schemas: schemasFor(resources, paths) },
  });
  known.set(path, { of, text });
  return text;
}

/** The kind with which a root of discovery answers. */
function rootOf(table: ResourceTable, path: string): string | undefined {
  if (path === "version") return "io.k8s.apimachinery.pkg.version.Info";
  if (path === "api") return `${meta}.APIVersions`;
  if (path === "apis") return `${meta}.APIGroupList`;
  const group = /^apis\/([^/]+)$/.exec(path)?.[1];
  return group !== undefined && groupsOf(table).has(group) ? `${meta}.APIGroup` : undefined;
}

/** Every definition to which paths and kinds refer, with references as OpenAPI writes them. */
function schemasFor(resources: readonly Resource[], paths: object): Readonly<Record<string, unknown>> {
  const published = publishedDefinitions();
  const own = Object.fromEntries(resources.filter(({ custom }) => custom).flatMap(customDefinitions));
  const found: Record<string, unknown> = {};
  const wanted = referencesOf(paths);
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    const raw = own[name] ?? published[name];
    if (!raw || found[name] !== undefined) continue;
    found[name] = linked(raw);
    wanted.push(...referencesOf(found[name]));
  }
  return Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function customDefinitions(resource: Resource): (readonly [string, RawSchema])[] {
  const { group, version, kind, schema } = resource;
  const name = nameOf(resource);
  const text = { type: "string" };
  const shared = { apiVersion: text, kind: text, metadata: { $ref: `${meta}.ObjectMeta` } };
  const raw = schema?.raw ?? { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  const properties = { ...shared, ...raw.properties, metadata: shared.metadata };
  const listed = { ...shared, items: { type: "array", items: { $ref: name } }, metadata: { $ref: `${meta}.ListMeta` } };
  const named = (named: string): object => ({ "x-kubernetes-group-version-kind": [{ group, kind: named, version }] });
  return [
    [name, { ...raw, properties, ...named(kind) }],
    [`${name}List`, { type: "object", required: ["items"], properties: listed, ...named(`${kind}List`) }],
  ];
}

function nameOf({ custom, group, version, kind }: Pick<Resource, "custom" | "group" | "version" | "kind">): string {
  const published = custom ? undefined : definitionName(group, version, kind);
  return published ?? [...group.split(".").toReversed(), version, kind].join(".");
}

function referencesOf(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "$ref" && typeof inner === "string" ? [inner.replace(/^#.*\//, "")] : referencesOf(inner),
  );
}

function linked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(linked);
  if (typeof value !== "object" || value === null) return value;
  const { $ref, "x-definition": _definition, ...rest } = value as RawSchema;
  const others = Object.fromEntries(Object.entries(rest).map(([key, inner]) => [key, linked(inner)]));
  if (typeof $ref !== "string") return others;
  // Keywords beside a reference do not count in OpenAPI v3.0, so Kubernetes wraps it.
  return Object.keys(others).length === 0 ? reference($ref) : { allOf: [reference($ref)], ...others };
}

function reference(name: string): object {
  return { $ref: `#/components/schemas/${name}` };
}

function content(name: string, ...types: readonly string[]): object {
  return { content: Object.fromEntries(types.map((type) => [type, { schema: reference(name) }])) };
}

function answered(name: string): object {
  const described = { description: "OK", ...content(name, "application/json", "application/yaml") };
  return { "200": described, "401": { description: "Unauthorized" } };
}

function pathsOf(resource: Resource): Readonly<Record<string, object>> {
  const { group, version, kind, namespaced, resource: plural } = resource;
  const root = `/${pathOf(resource)}`;
  const within = `${namespaced ? "namespaces/{namespace}/" : ""}${plural}`;
  const name = nameOf(resource);
  const item = (actions: string, answer = name, of: object = { group, version, kind }): object => ({
    ...Object.fromEntries(
      actions.split(" ").map((action) => [methods[action] ?? action, operation(action, answer, of)]),
    ),
    parameters: [],
  });
  const hasMany = resource.verbs.includes("deletecollection");
  const parts = resource.subresources.flatMap((subresource) => {
    const part = partOf(resource, subresource);
    const actions = Object.keys(part?.verbs ?? {})
      .join(" ")
      .toLowerCase();
    const of = { group, version, kind, ...part?.kind };
    return [[`${root}/${within}/{name}/${subresource}`, item(actions, nameOf({ custom: undefined, ...of }), of)]];
  });
  const watches = resource.custom
    ? {}
    : {
        ...(namespaced ? { [`${root}/watch/${plural}`]: item("watchlist", `${meta}.WatchEvent`) } : {}),
        [`${root}/watch/${within}`]: item("watchlist", `${meta}.WatchEvent`),
        [`${root}/watch/${within}/{name}`]: item("watch", `${meta}.WatchEvent`),
      };
  return {
    ...(namespaced ? { [`${root}/${plural}`]: item("list", name) } : {}),
    [`${root}/${within}`]: item(hasMany ? "list post deletecollection" : "list post"),
    [`${root}/${within}/{name}`]: item("get put delete patch"),
    ...(Object.fromEntries(parts) as object),
    ...watches,
  };
}

/** The methods of the actions that are not called by their method. */
const methods: Readonly<Record<string, string>> = {
  list: "get",
  watchlist: "get",
  watch: "get",
  deletecollection: "delete",
};

/** The parameters of writes; by them kubectl knows that the server can validate and try a write. */
const parameters: Readonly<Record<string, readonly string[]>> = {
  post: ["dryRun", "fieldManager", "fieldValidation"],
  put: ["dryRun", "fieldManager", "fieldValidation"],
  patch: ["dryRun", "fieldManager", "fieldValidation", "force"],
};

function operation(action: string, name: string, of: object): object {
  const types = ["apply-patch+yaml", "json-patch+json", "merge-patch+json", "strategic-merge-patch+json"];
  const bodies: Readonly<Record<string, object>> = {
    post: content(name, "*/*"),
    put: content(name, "*/*"),
    patch: content(`${meta}.Patch`, ...types.map((type) => `application/${type}`)),
    delete: content(`${meta}.DeleteOptions`, "*/*"),
    deletecollection: content(`${meta}.DeleteOptions`, "*/*"),
  };
  const answer = action === "list" ? `${name}List` : action.startsWith("delete") ? `${meta}.Status` : name;
  const given = (parameters[action] ?? []).map((parameter) => ({
    name: parameter,
    in: "query",
    schema: { type: parameter === "force" ? "boolean" : "string", uniqueItems: true },
  }));
  return {
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": of,
    ...(given.length > 0 ? { parameters: given } : {}),
    ...(bodies[action] ? { requestBody: { ...bodies[action], required: !action.startsWith("delete") } } : {}),
    responses: answered(answer),
  };
}
