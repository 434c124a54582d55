import { isList, isObject, type Json, type JsonObject } from "../apply/json.ts";
import type { SchemaNode } from "../apply/structure.ts";
import { checkOrder, type ListMerge, mergeLists, order, withoutScalars } from "./strategic-list.ts";
import { badDirective, badFormat, failed } from "./strategic-refusal.ts";

const orderPrefix = "$setElementOrder/";
const deletePrefix = "$deleteFromPrimitiveList/";

/**
 * The target after a strategic merge patch: as a merge patch, but lists whose schema names a merge key are merged by item.
 * Throws the ApiError that Kubernetes answers to a patch that cannot be merged.
 */
export function strategicMerge(schema: SchemaNode | undefined, target: JsonObject, patch: JsonObject): JsonObject {
  return mergeMaps(schema, target, patch);
}

function mergeMaps(schema: SchemaNode | undefined, original: JsonObject, patch: JsonObject): JsonObject {
  const directive = patch["$patch"];
  if (directive !== undefined) return obeyDirective(directive, patch);
  const result: Record<string, Json> = retainKeys(original, patch);
  const ordered = new Set<string>();
  for (const [key, wanted] of Object.entries(patch)) {
    if (!key.startsWith(orderPrefix)) continue;
    const field = key.slice(orderPrefix.length);
    const list = orderedList(fieldSchema(schema, field), result[field], patch[field], wanted);
    if (list !== undefined) result[field] = list;
    ordered.add(field);
  }
  for (const [key, value] of Object.entries(patch)) {
    if (key === "$retainKeys" || key.startsWith(orderPrefix) || ordered.has(key)) continue;
    if (key.startsWith(deletePrefix)) deleteScalars(result, key.slice(deletePrefix.length), value);
    else if (value === null) delete result[key];
    else result[key] = mergeField(fieldSchema(schema, key), result[key], value);
  }
  return result;
}

function obeyDirective(directive: Json, patch: JsonObject): JsonObject {
  if (directive === "delete") return {};
  if (directive !== "replace") throw badDirective(directive, patch);
  const { $patch: _, ...rest } = patch;
  return rest;
}

/** The original without the keys that `$retainKeys` does not name: unions lose the member that they had. */
function retainKeys(original: JsonObject, patch: JsonObject): Record<string, Json> {
  const keys = patch["$retainKeys"];
  if (keys === undefined) return { ...original };
  if (!isList(keys)) throw badFormat("retainKeys");
  for (const [key, value] of Object.entries(patch)) {
    const isDirective = key === "$retainKeys" || key.startsWith(orderPrefix) || key.startsWith(deletePrefix);
    if (value !== null && !isDirective && !keys.includes(key)) throw badFormat("retainKeys");
  }
  return Object.fromEntries(Object.entries(original).filter(([key]) => keys.includes(key)));
}

function orderedList(
  schema: SchemaNode | undefined,
  original: Json | undefined,
  patch: Json | undefined,
  wanted: Json,
): readonly Json[] | undefined {
  if (!isList(wanted)) throw badFormat("setElementOrder list");
  for (const list of [original ?? [], patch ?? []]) {
    if (!isList(list))
      throw failed(
        `expected a []interface {}, but received a ${isObject(list) ? "map[string]interface {}" : typeof list}`,
      );
  }
  const before = isList(original) ? original : undefined;
  const items = isList(patch) ? patch : undefined;
  const key = schema?.patchMergeKey;
  checkOrder(key, items ?? [], wanted);
  if (before === undefined && items === undefined) return undefined;
  const merged = items === undefined ? (before ?? []) : mergeListField(schema, before, items);
  return order(key, merged, wanted, before ?? []);
}

function deleteScalars(result: Record<string, Json>, field: string, gone: Json): void {
  if (!isList(gone)) throw badFormat("primitive list");
  const before = result[field];
  if (isList(before)) result[field] = withoutScalars(before, gone);
}

function mergeField(schema: SchemaNode | undefined, original: Json | undefined, patch: Json): Json {
  if (isObject(patch)) {
    // Where nothing was, merging with nothing drops nulls and directives all the same.
    if (schema?.patchStrategy.includes("replace") === true) return patch;
    return mergeMaps(schema, isObject(original) ? original : {}, patch);
  }
  if (isList(patch)) return mergeListField(schema, isList(original) ? original : undefined, patch);
  return patch;
}

function mergeListField(
  schema: SchemaNode | undefined,
  original: readonly Json[] | undefined,
  patch: readonly Json[],
): readonly Json[] {
  if (schema?.patchStrategy.includes("merge") !== true) return patch.map(withoutNulls);
  const { items } = schema;
  if (original === undefined) {
    const added = patch.filter((item) => !(isObject(item) && "$patch" in item));
    return added.map((item) => (isObject(item) ? mergeMaps(items, {}, item) : item));
  }
  const merge: ListMerge = { key: schema.patchMergeKey, mergeItem: (before, item) => mergeMaps(items, before, item) };
  return mergeLists(merge, original, patch);
}

function withoutNulls(value: Json): Json {
  if (isList(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== null);
  return Object.fromEntries(entries.map(([key, item]) => [key, withoutNulls(item)]));
}

function fieldSchema(schema: SchemaNode | undefined, key: string): SchemaNode | undefined {
  return schema?.property(key) ?? schema?.additionalProperties;
}
