import { ApiError } from "../../client.ts";
import { isList, isMap, type JsonMap, sameJson, without } from "../json.ts";
import type { Schema } from "../schema.ts";
import { badDirective, checkOrder, failed, inOrder, mergeLists } from "./strategic-list.ts";

const orderPrefix = "$setElementOrder/";
const deletePrefix = "$deleteFromPrimitiveList/";

/**
 * The target after a strategic merge patch: as a merge patch, but lists whose schema names a merge key are merged by item.
 * Throws the ApiError that Kubernetes answers to a patch that cannot be merged.
 */
export function strategicMerge(schema: Schema | undefined, target: JsonMap, patch: JsonMap): JsonMap {
  const directive = patch["$patch"];
  if (directive === "delete") return {};
  if (directive === "replace") return without(patch, "$patch");
  if (directive !== undefined) throw badDirective(directive, patch);
  const result: Record<string, unknown> = retainKeys(target, patch);
  const orders = Object.entries(patch).filter(([key]) => key.startsWith(orderPrefix));
  const done = new Set(["$retainKeys", ...orders.map(([key]) => key)]);
  for (const [key, wanted] of orders) {
    const field = key.slice(orderPrefix.length);
    const list = orderedList(schema?.field(field), result[field], patch[field], wanted);
    if (list !== undefined) result[field] = list;
    done.add(field);
  }
  for (const [key, value] of Object.entries(patch)) {
    if (done.has(key)) continue;
    const isDeletion = key.startsWith(deletePrefix);
    const field = isDeletion ? key.slice(deletePrefix.length) : key;
    const merged = isDeletion
      ? withoutScalars(result[field], value)
      : mergeField(schema?.field(key), result[key], value);
    if (merged === undefined) delete result[field];
    else result[field] = merged;
  }
  return result;
}

/** The original without the keys that `$retainKeys` does not name: unions lose the member that they had. */
function retainKeys(original: JsonMap, patch: JsonMap): JsonMap {
  const keys = patch["$retainKeys"];
  if (keys === undefined) return { ...original };
  const isNamed = ([key, value]: readonly [string, unknown]): boolean =>
    value === null ||
    key === "$retainKeys" ||
    key.startsWith(orderPrefix) ||
    key.startsWith(deletePrefix) ||
    (isList(keys) && keys.includes(key));
  if (!isList(keys) || !Object.entries(patch).every(isNamed)) {
    throw new ApiError(400, "BadRequest", "invalid patch format of retainKeys");
  }
  return Object.fromEntries(Object.entries(original).filter(([key]) => keys.includes(key)));
}

function orderedList(
  schema: Schema | undefined,
  original: unknown,
  patch: unknown,
  wanted: unknown,
): readonly unknown[] | undefined {
  const [order = [], before = [], items = []] = [wanted, original, patch].map(listOrNothing);
  const key = schema?.patchMergeKey;
  checkOrder(key, items, order);
  if (original === undefined && patch === undefined) return undefined;
  if (before.length + items.length === 0) throw failed("no elements in any of the given slices");
  const merged = patch === undefined ? before : mergeField(schema, original, items);
  return inOrder(key, isList(merged) ? merged : [], order, before);
}

function listOrNothing(value: unknown): readonly unknown[] | undefined {
  if (value === undefined || isList(value)) return value;
  const given = isMap(value) ? "map[string]interface {}" : typeof value;
  throw failed(`expected a []interface {}, but received a ${given}`);
}

/** What a field becomes; undefined where nothing is left of it. */
function mergeField(schema: Schema | undefined, original: unknown, patch: unknown): unknown {
  const strategy = schema?.patchStrategy ?? [];
  if (isMap(original) && isMap(patch)) {
    return strategy.includes("replace") ? patch : strategicMerge(schema, original, patch);
  }
  if (!isList(original) || !isList(patch)) return withoutDirectives(patch);
  if (!strategy.includes("merge")) return patch;
  const mergeItem = (before: JsonMap, item: JsonMap): JsonMap => strategicMerge(schema?.items, before, item);
  return mergeLists({ key: schema?.patchMergeKey, mergeItem }, original, patch);
}

/** A value that is new, without nulls and what directives stand for. */
function withoutDirectives(value: unknown): unknown {
  if (value === null || (isMap(value) && "$patch" in value)) return undefined;
  if (isList(value))
    return value.map((item) => (item === null ? null : withoutDirectives(item))).filter((item) => item !== undefined);
  if (!isMap(value)) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, withoutDirectives(item)] as const);
  return Object.fromEntries(entries.filter(([, item]) => item !== undefined));
}

/** What `$deleteFromPrimitiveList` leaves of a list. */
function withoutScalars(list: unknown, gone: unknown): unknown {
  if (gone === null) return undefined;
  if (!isList(list) || !isList(gone)) return list;
  return list.filter((item) => !gone.some((other) => sameJson(item, other)));
}
