import type { Json, JsonObject } from "../../model/json.ts";
import { isJsonObject, jsonEqual } from "../../model/json.ts";
import { ProblemError } from "../../model/problem.ts";
import type { Place } from "../../model/problem.ts";
import type { Budget } from "./budget.ts";
import { listKeys } from "./list-keys.ts";

/**
 * The object with a strategic merge patch, as kustomize merges: mappings member by member, null removes, lists that
 * Kubernetes merges are merged by their keys with the patch's items first, others are replaced; `$patch` says otherwise.
 * Undefined when the patch deletes the whole object.
 */
export function mergeStrategically(
  object: JsonObject,
  patch: JsonObject,
  where: Place,
  budget: Budget,
): JsonObject | undefined {
  const merged = mergeObjects(object, patch, [], { object, where, budget });
  return isJsonObject(merged) ? merged : undefined;
}

interface Context {
  readonly object: JsonObject;
  readonly where: Place;
  readonly budget: Budget;
}

function mergeObjects(
  before: Json | undefined,
  patch: JsonObject,
  path: readonly string[],
  context: Context,
): Json | undefined {
  const { $patch: directive, ...members } = patch;
  if (directive === "delete") return undefined;
  if (directive === "replace" || !isJsonObject(before)) return clean(members);
  if (directive !== undefined && directive !== "merge") throw unknownDirective(directive, context.where);
  const merged: { [key: string]: Json | undefined } = { ...before };
  for (const [key, value] of Object.entries(members)) {
    if (value === undefined || /^\$(retainKeys|setElementOrder|deleteFromPrimitiveList)/.test(key)) continue;
    const found = Object.hasOwn(before, key) ? before[key] : undefined;
    const after = merge(found, value, [...path, key], context);
    if (after === undefined) delete merged[key];
    else Object.defineProperty(merged, key, { value: after, enumerable: true, writable: true, configurable: true });
  }
  return retained(merged, patch);
}

/** `$retainKeys` names all members that may stay; `$deleteFromPrimitiveList/x` what goes from a list. */
function retained(merged: { [key: string]: Json | undefined }, patch: JsonObject): JsonObject {
  const named = patch["$retainKeys"];
  const keep = Array.isArray(named) ? new Set<Json>(named as readonly Json[]) : undefined;
  const kept = keep ? Object.fromEntries(Object.entries(merged).filter(([key]) => keep.has(key))) : merged;
  for (const [key, value] of Object.entries(patch)) {
    const list = /^\$deleteFromPrimitiveList\/(.+)$/.exec(key)?.[1];
    const items = list === undefined ? undefined : kept[list];
    if (list === undefined || !Array.isArray(items) || !Array.isArray(value)) continue;
    const gone = new Set(value as readonly Json[]);
    kept[list] = (items as readonly Json[]).filter((item) => !gone.has(item));
  }
  return kept;
}

function merge(before: Json | undefined, patch: Json, path: readonly string[], context: Context): Json | undefined {
  if (patch === null) return undefined;
  if (isJsonObject(patch)) return mergeObjects(before, patch, path, context);
  if (!Array.isArray(patch)) return patch;
  const items = patch as readonly Json[];
  const keys = listKeys(context.object, path);
  if (keys === undefined || !Array.isArray(before))
    return items.filter((item) => !isDirective(item)).map((item) => clean(item));
  if (items.some((item) => isJsonObject(item) && item["$patch"] === "replace" && Object.keys(item).length === 1)) {
    return items.filter((item) => !isDirective(item)).map((item) => clean(item));
  }
  if (keys.length === 0) return union(before as readonly Json[], items);
  return mergeItems(before as readonly Json[], items, keys, path, context);
}

/**
 * The merged items: those that the patch names come first, in its order. Where several keys tell items apart, as for ports
 * of which any says its protocol, those that were there keep their place, and only new ones come first.
 */
function mergeItems(
  before: readonly Json[],
  patch: readonly Json[],
  keys: readonly string[],
  path: readonly string[],
  context: Context,
): readonly Json[] {
  const all = [...before, ...patch].filter(isJsonObject);
  const isToldByOne = keys.filter((key) => all.some((item) => item[key] !== undefined)).length < 2;
  let items: readonly Json[] = before;
  const first: Json[] = [];
  for (const item of patch) {
    if (!isJsonObject(item)) continue;
    context.budget.look(items.length);
    const fits = (other: Json): boolean => isSameItem(item, other, keys);
    const merged = (other: Json): Json | readonly Json[] => mergeObjects(other, item, path, context) ?? [];
    const found = items.filter(fits);
    if (found.length === 0 && item["$patch"] !== "delete") first.push(clean(item));
    if (isToldByOne) first.push(...found.flatMap(merged));
    items = items.flatMap((other) => (!fits(other) ? other : isToldByOne ? [] : merged(other)));
  }
  return [...first, ...items];
}

/** The same by those keys that the item names; a port without a protocol is one of TCP. */
function isSameItem(item: JsonObject, other: Json, keys: readonly string[]): boolean {
  if (!isJsonObject(other)) return false;
  const value = (of: JsonObject, key: string): Json | undefined => of[key] ?? (key === "protocol" ? "TCP" : undefined);
  const used = keys.filter((key) => value(item, key) !== undefined);
  return (
    used.some((key) => item[key] !== undefined) && used.every((key) => jsonEqual(value(other, key), value(item, key)))
  );
}

function union(before: readonly Json[], patch: readonly Json[]): readonly Json[] {
  const known = new Set(before);
  return [...patch.filter((item) => !known.has(item)), ...before];
}

function isDirective(item: Json): boolean {
  return (
    isJsonObject(item) &&
    (item["$patch"] === "replace" || item["$patch"] === "delete") &&
    Object.keys(item).length === 1
  );
}

/** What a patch adds has neither directives nor nulls in it. */
function clean(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => clean(item));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]) =>
      member === null || member === undefined || key.startsWith("$") ? [] : [[key, clean(member)]],
    ),
  );
}

function unknownDirective(directive: Json, where: Place): ProblemError {
  return new ProblemError({
    code: "patch-directive",
    message: `$patch: ${JSON.stringify(directive)} is not known.`,
    where,
    remedy: "Use delete, replace or merge.",
  });
}
