import { ApiError, type KubeObject } from "../../client.ts";
import { readApplied } from "../apply/index.ts";
import { goText, jsonType } from "../apply/go-text.ts";
import { isList, isMap, type JsonMap } from "../json.ts";
import { jsonPatch } from "../patch/json-patch.ts";
import { mergePatch } from "../patch/merge-patch.ts";
import { strategicMerge } from "../patch/strategic-merge.ts";
import { badRequest, invalidPatch } from "../refusal.ts";
import type { Resource } from "../resource-table.ts";
import type { Schema } from "../schema.ts";
import type { ApiServer, Place, WriteOptions } from "../server.ts";
import { contentType, duplicateFields, parseJson, readBody, unknownConversion, unknownFormat } from "./bodies.ts";
import type { Answer, Exchange, ResourcePath } from "./exchange.ts";
import { checkName, checkNamespace, checkPlace, written } from "./objects.ts";
import { patchCauses, writeOptions } from "./options.ts";
import { show } from "./rendering.ts";

const applyType = "application/apply-patch+yaml";

/** The patches that change an object without owning fields, by what their media types say. */
const ways = ["json", "merge", "strategic-merge"] as const;

/** A patch that was read. */
export interface Patch {
  readonly way: (typeof ways)[number];
  /** The operations of a JSON patch, else an object. */
  readonly content: unknown;
  /** What Strict refuses and Warn tells: keys that stand twice, and what an operation does not have. */
  readonly mistakes: readonly string[];
}

/** PATCH in any of the four ways, of an object or of a subresource that has its shape. */
export async function patchOne(exchange: Exchange, place: Place, path: ResourcePath): Promise<Answer> {
  const { api, query } = exchange;
  const { resource } = place;
  const way = wayOf(exchange, resource);
  const isApply = way === "apply";
  const options = { ...writeOptions(exchange, "PatchOptions", patchCauses(query, isApply)), ...written(path) };
  const text = await readBody(exchange);
  if (isApply) {
    const applied = appliedBody(text, place, options);
    const { object, created } = api.apply(place, applied, { ...options, force: query.flag("force") === true });
    return show(exchange, resource, created ? 201 : 200, object);
  }
  const { change, wording } = changeBy(patchOf(way, text), exchange, place, resource);
  return show(exchange, resource, 200, api.update(place, change, { ...options, ...wording }));
}

/** What a patch makes of an object of `resource` at a place, and how its refusals are worded. */
export function changeBy(
  patch: Patch,
  { api }: Exchange,
  place: Place,
  resource: Resource,
): {
  readonly change: (live: KubeObject) => KubeObject;
  readonly wording: Pick<WriteOptions, "patch" | "mistakes">;
} {
  const isStrategic = patch.way === "strategic-merge";
  const shown = (patched: object): string =>
    isStrategic ? goText(patch.content) : JSON.stringify(asWritten(patched, touchedBy(patch.content)));
  const change = (live: KubeObject): KubeObject => {
    const patched = patchObject(patch, live, resource.schema);
    const mistake = isStrategic || resource.custom ? undefined : kindMistake(api, resource, patched);
    if (mistake !== undefined) throw invalidPatch(shown(patched), mistake);
    // Metadata of another form are refused when they are decoded.
    if (isMap(patched.metadata ?? {})) checkPlace(patched.metadata, place);
    return patched;
  };
  return { change, wording: { patch: shown, mistakes: patch.mistakes } };
}

/** A patched object as Go writes it: what the patch went through is a map by then, with its keys in order. */
function asWritten(value: unknown, touched: unknown): unknown {
  if (!isMap(value) || !isMap(touched)) return value;
  const keys = Object.keys(value).toSorted();
  return Object.fromEntries(keys.map((key) => [key, asWritten(value[key], touched[key])]));
}

/** What a patch goes through: itself, or the paths of a JSON patch as a tree. */
function touchedBy(content: unknown): unknown {
  if (!Array.isArray(content)) return content;
  type Tree = { [key: string]: Tree };
  // Without a prototype, so that a path that names one reaches none.
  const tree = Object.create(null) as Tree;
  for (const { path = "" } of content as readonly { readonly path?: string }[]) {
    let node = tree;
    for (const key of path.split("/").slice(1)) node = node[key] ??= Object.create(null) as Tree;
  }
  return tree;
}

/** Why what a patch made is nothing of the resource's kind; a kind that is left out is the same. */
function kindMistake({ table }: ApiServer, resource: Resource, patched: Partial<KubeObject>): string | undefined {
  const kind = patched.kind || resource.kind;
  const apiVersion = patched.apiVersion || resource.apiVersion;
  if (kind === resource.kind && apiVersion === resource.apiVersion) return undefined;
  if (table.ofKind(apiVersion, kind)) return unknownConversion(apiVersion, kind, resource);
  return `no kind "${kind}" is registered for version "${apiVersion}" in scheme "pkg/runtime/scheme.go:110"`;
}

/** Custom objects have no merge keys, and so no strategic merge. */
function waysOf(resource: Resource): readonly Patch["way"][] {
  return resource.custom ? ways.filter((way) => way !== "strategic-merge") : ways;
}

/** The way of a request's patch; 415 for a media type that no patch of the resource has. */
export function wayOf(exchange: Exchange, resource: Resource): Patch["way"] | "apply" {
  if (contentType(exchange) === applyType) return "apply";
  const mediaTypeOf = (way: Patch["way"]): string => `application/${way}-patch+json`;
  const way = waysOf(resource).find((known) => contentType(exchange) === mediaTypeOf(known));
  if (way) return way;
  if (resource.custom) throw unknownFormat([...waysOf(resource).map(mediaTypeOf), applyType]);
  throw new ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {});
}

/** The configuration of an apply; it must be for the place that the URL names. */
function appliedBody(text: string, place: Place, { fieldValidation, warn }: WriteOptions): KubeObject {
  if (text.trim() === "") throw badRequest("invalid object type: /, Kind=");
  const { body, duplicates } = readApplied(text);
  if (duplicates.length > 0 && fieldValidation === "Strict") {
    const lines = duplicates.join("\n  ");
    const why = `error converting YAML to JSON: yaml: unmarshal errors:\n  ${lines}`;
    throw badRequest(`error strict decoding YAML: ${why}`);
  }
  if (fieldValidation === "Warn") for (const duplicate of duplicates) warn?.(duplicate);
  const { metadata = {}, ...rest } = body as Partial<KubeObject>;
  if (metadata.name) checkName(metadata, place.name);
  checkNamespace(metadata, place.namespace);
  return { ...rest, metadata } as KubeObject;
}

/** Reads the text of a patch. Throws 400 for what is none. */
export function patchOf(way: Patch["way"], text: string): Patch {
  const prefix = way === "strategic-merge" ? "" : "error decoding patch: ";
  const refuse = (value: unknown, target: string): never => {
    throw badRequest(`${prefix}json: cannot unmarshal ${jsonType(value)} into Go ${target}`);
  };
  const content = parsed(text, prefix);
  const duplicates = duplicateFields(text);
  if (way === "json") {
    const list = content ?? [];
    if (!isList(list)) return refuse(list, "value of type []handlers.jsonPatchOp");
    const operations = list.map((operation) => operationOf(operation ?? {}, refuse));
    const unknown = operations.flatMap(unknownFields);
    return {
      way,
      content: operations,
      mistakes: [...duplicates, ...unknown].map((mistake) => `json patch ${mistake}`),
    };
  }
  if (content === null && way === "merge") throw badRequest("Invalid JSON Patch");
  const patch = content ?? {};
  return {
    way,
    content: isMap(patch) ? patch : refuse(patch, "value of type map[string]interface {}"),
    mistakes: duplicates,
  };
}

function parsed(text: string, prefix: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    throw badRequest(prefix + (error as Error).message);
  }
}

function operationOf(operation: unknown, refuse: (value: unknown, target: string) => never): JsonMap {
  if (!isMap(operation)) return refuse(operation, "value of type handlers.jsonPatchOp");
  for (const key of ["op", "path", "from"]) {
    const given = operation[key] ?? "";
    if (typeof given !== "string") return refuse(given, `struct field jsonPatchOp.${key} of type string`);
  }
  return operation;
}

function unknownFields(operation: JsonMap, index: number): readonly string[] {
  const unknown = Object.keys(operation).filter((key) => !["op", "path", "from", "value"].includes(key));
  return unknown.map((key) => `unknown field "[${index}].${key}"`);
}

/** The object after a patch, not decoded yet; `schema` is its kind's. Throws the ApiError that the request is answered with. */
export function patchObject({ way, content }: Patch, live: KubeObject, schema: Schema | undefined): KubeObject {
  const target = live as JsonMap;
  const patched =
    way === "merge"
      ? mergePatch(target, content)
      : way === "json"
        ? jsonPatch(target, content as readonly JsonMap[])
        : strategicMerge(schema, target, content as JsonMap);
  return patched as KubeObject;
}
