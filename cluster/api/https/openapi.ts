import { createHash } from "node:crypto";
import type { Resource, ResourceTable } from "../resource-table.ts";
import { type Definitions, definitionName, publishedDefinitions, type RawSchema } from "../schema.ts";
import { type Answer, type Exchange, json } from "./exchange.ts";
import { statusOf, noSuchResource } from "../refusal.ts";

/** Answers /openapi/v3, its documents, and as much of /openapi/v2 as old clients insist on. */
export function openapi({ api, url }: Exchange): Answer | undefined {
  const path = url.pathname.replace(/\/$/, "");
  if (path === "/openapi/v2") {
    return json(200, { swagger: "2.0", info: { title: "Kubernetes", version: "v1.34.0" }, paths: {}, definitions: {} });
  }
  if (path === "/openapi/v3") return json(200, { paths: index(api.table) });
  if (!path.startsWith("/openapi/v3/")) return undefined;
  const document = documentAt(api.table, path.slice("/openapi/v3/".length));
  return document === undefined ? json(404, statusOf(noSuchResource())) : json(200, document);
}

function index(table: ResourceTable): Readonly<Record<string, object>> {
  const paths = new Set(table.all().map(pathOf));
  return Object.fromEntries(
    [...paths].sort().map((path) => {
      const hash = createHash("sha512")
        .update(documentAt(table, path) ?? "")
        .digest("hex")
        .toUpperCase();
      return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }];
    }),
  );
}

function pathOf({ group, version }: Resource): string {
  return group === "" ? `api/${version}` : `apis/${group}/${version}`;
}

const documents = new WeakMap<ResourceTable, Map<string, { readonly of: string; readonly text: string }>>();

/** The document of one group and version as JSON text, made again only when its resources have changed. */
function documentAt(table: ResourceTable, path: string): string | undefined {
  const resources = table.all().filter((resource) => pathOf(resource) === path);
  if (resources.length === 0) return undefined;
  const of = resources.map(({ resource, custom }) => `${resource}${custom ? JSON.stringify(custom) : ""}`).join();
  let known = documents.get(table);
  if (!known) documents.set(table, (known = new Map<string, { of: string; text: string }>()));
  const before = known.get(path);
  if (before?.of === of) return before.text;
  const text = JSON.stringify(documentOf(resources));
  known.set(path, { of, text });
  return text;
}

function documentOf(resources: readonly Resource[]): object {
  const published = publishedDefinitions();
  const schemas: Record<string, unknown> = {};
  const paths: Record<string, unknown> = {};
  for (const resource of resources) {
    const name = nameOf(resource);
    if (resource.custom && resource.schema) schemas[name] = withKind(linked(resource.schema.raw), resource);
    else collect(published, name, schemas);
    Object.assign(paths, pathsOf(resource, name));
  }
  collect(published, "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", schemas);
  return { openapi: "3.0.0", info: { title: "Kubernetes", version: "v1.34.0" }, paths, components: { schemas } };
}

function nameOf(resource: Resource): string {
  const published = resource.custom ? undefined : definitionName(resource.group, resource.version, resource.kind);
  return published ?? [...resource.group.split(".").toReversed(), resource.version, resource.kind].join(".");
}

function withKind(schema: unknown, { group, version, kind }: Resource): object {
  return { ...(schema as object), "x-kubernetes-group-version-kind": [{ group, version, kind }] };
}

/** A definition and all that it refers to, with references as OpenAPI writes them. */
function collect(published: Definitions, name: string, into: Record<string, unknown>): void {
  const raw = published[name];
  if (!raw || into[name] !== undefined) return;
  into[name] = linked(raw);
  for (const reference of referencesOf(raw)) collect(published, reference, into);
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

function pathsOf(resource: Resource, name: string): Readonly<Record<string, object>> {
  const base = `/${pathOf(resource)}/${resource.namespaced ? "namespaces/{namespace}/" : ""}${resource.resource}`;
  const kind = { group: resource.group, version: resource.version, kind: resource.kind };
  const content = { "application/json": { schema: { $ref: `#/components/schemas/${name}` } } };
  const responses = { "200": { description: "OK", content } };
  const operation = (action: string): object => ({
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": kind,
    parameters: writeParameters,
    responses,
  });
  return {
    [base]: { get: operation("list"), post: operation("post") },
    [`${base}/{name}`]: {
      get: operation("get"),
      put: operation("put"),
      patch: operation("patch"),
      delete: operation("delete"),
    },
  };
}

/** By these kubectl knows that the server can validate and try a write. */
const writeParameters = ["dryRun", "fieldManager", "fieldValidation", "force"].map((name) => ({
  name,
  in: "query",
  schema: { type: name === "force" ? "boolean" : "string", uniqueItems: true },
}));
