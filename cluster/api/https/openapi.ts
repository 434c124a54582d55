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

/** The documents of all groups and versions as JSON, by their paths. */
function documentsOf(table: ResourceTable): ReadonlyMap<string, string> {
  const groups = [...servedBy(table)].flatMap(([group, versions]) =>
    [...versions].map(([version, resources]) => {
      const path = group === "" ? `api/${version}` : `apis/${group}/${version}`;
      return [path, documentOf(path, resources)] as const;
    }),
  );
  return new Map(groups.sort(([a], [b]) => (a < b ? -1 : 1)));
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
    paths: Object.assign(root, ...resources.map((resource) => pathsOf(resource, `/${path}`))) as object,
    components: { schemas: schemasOf(resources) },
  });
  if (first) documents.set(first, { of: resources, text });
  return text;
}

/** Kinds of the machinery that every document knows. */
const everywhere = ["APIResourceList", "DeleteOptions", "Patch", "Status", "WatchEvent"].map(
  (kind) => `${meta}.${kind}`,
);

/** The definitions of the kinds and of all to which they refer, with references as OpenAPI writes them. */
function schemasOf(resources: readonly Resource[]): Readonly<Record<string, unknown>> {
  const published = publishedDefinitions;
  const own = Object.fromEntries(resources.filter(({ custom }) => custom).flatMap(customDefinitions));
  const wanted = [...everywhere, ...resources.flatMap((resource) => [nameOf(resource), `${nameOf(resource)}List`])];
  const found: Record<string, unknown> = {};
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    const raw = own[name] ?? published[name];
    if (!raw || found[name] !== undefined) continue;
    found[name] = linked(raw);
    wanted.push(...referencesOf(raw));
  }
  return Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)));
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

function linked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(linked);
  if (typeof value !== "object" || value === null) return value;
  const { $ref, "x-definition": _definition, ...rest } = value as RawSchema;
  const others = Object.fromEntries(Object.entries(rest).map(([key, inner]) => [key, linked(inner)]));
  if (typeof $ref !== "string") return others;
  // Keywords beside a reference do not count in OpenAPI v3.0, so Kubernetes wraps it.
  const reference = { $ref: `#/components/schemas/${$ref}` };
  return Object.keys(others).length === 0 ? reference : { allOf: [reference], ...others };
}

/** The methods of verbs, and what OpenAPI calls those that are not called by their method. */
const methods: Readonly<Record<string, readonly [string, string?]>> = {
  get: ["get"],
  create: ["post"],
  update: ["put"],
  patch: ["patch"],
  delete: ["delete"],
  list: ["get", "list"],
  deletecollection: ["delete", "deletecollection"],
  watch: ["get", "watch"],
  watchlist: ["get", "watchlist"],
};

function pathsOf(resource: Resource, root: string): Readonly<Record<string, object>> {
  const { group, version, kind, namespaced, resource: plural, verbs, custom } = resource;
  const item = (wanted: readonly string[], of: object = { group, version, kind }): object => ({
    ...Object.fromEntries(
      wanted.map((verb) => {
        const [method, action = method] = methods[verb] ?? [verb];
        const operation = { "x-kubernetes-action": action, "x-kubernetes-group-version-kind": of };
        return [method, { ...operation, ...(isWrite.test(action) ? { parameters: parametersOf(action) } : {}) }];
      }),
    ),
    parameters: [],
  });
  const only = (...wanted: readonly string[]): object => item(wanted.filter((verb) => verbs.includes(verb)));
  const all = `${root}/${plural}`;
  const within = `${namespaced ? "namespaces/{namespace}/" : ""}${plural}`;
  const reads = verbs.includes("list");
  const watched = `${root}/watch`;
  return {
    ...(namespaced && reads ? { [all]: only("list") } : {}),
    [`${root}/${within}`]: only("list", "create", "deletecollection"),
    ...(reads ? { [`${root}/${within}/{name}`]: only("get", "update", "delete", "patch") } : {}),
    ...Object.fromEntries(
      partsOf(resource).map(([name, part]) => [
        `${root}/${within}/{name}/${name}`,
        item(part.verbs, { group, version, kind, ...part.kind }),
      ]),
    ),
    ...(!custom && reads && namespaced ? { [`${watched}/${plural}`]: item(["watchlist"]) } : {}),
    ...(!custom && reads
      ? { [`${watched}/${within}`]: item(["watchlist"]), [`${watched}/${within}/{name}`]: item(["watch"]) }
      : {}),
  };
}

const isWrite = /^(post|put|patch)$/;

/** By these kubectl knows that the server can validate and try a write. */
function parametersOf(action: string): readonly object[] {
  return ["dryRun", "fieldManager", "fieldValidation", ...(action === "patch" ? ["force"] : [])].map((name) => ({
    name,
    in: "query",
    schema: { type: name === "force" ? "boolean" : "string", uniqueItems: true },
  }));
}
