import { goText } from "../apply/go-text.ts";
import { equalJson, isList, isObject, type Json, type JsonObject } from "../apply/json.ts";
import { badDirective, failed, listOfLists, noMergeKey } from "./strategic-refusal.ts";

/** Merges one item of a list into the original item of the same key. */
export type MergeItem = (original: JsonObject, patch: JsonObject) => JsonObject;

/** How the items of a merged list are told apart and merged; without a key they are scalars. */
export interface ListMerge {
  readonly key: string | undefined;
  readonly mergeItem: MergeItem;
}

/** The original list with the patch's items merged in by key, or scalars added, in the patch's order. */
export function mergeLists(
  { key, mergeItem }: ListMerge,
  original: readonly Json[],
  patch: readonly Json[],
): readonly Json[] {
  const first = original[0] ?? patch[0];
  if (first === undefined) return original;
  if (original.some(isList) || patch.some(isList)) throw listOfLists();
  if (!isObject(first)) return order(undefined, distinct([...original, ...patch]), patch, original);
  if (key === undefined) throw failed("cannot merge lists without merge key");
  const { kept, items } = obeyDirectives(key, original.filter(isObject), patch.filter(isObject));
  const merged: JsonObject[] = [...kept];
  for (const item of items) {
    const value = item[key];
    if (value === undefined) throw noMergeKey(item, key);
    const index = merged.findIndex((candidate) => candidate[key] === value);
    const before = merged[index];
    if (before === undefined) merged.push(mergeItem({}, item));
    else merged[index] = mergeItem(before, item);
  }
  return order(key, merged, items, kept);
}

/** Takes out what `$patch: delete` names, and everything where there is a `$patch: replace`. */
function obeyDirectives(
  key: string,
  original: readonly JsonObject[],
  patch: readonly JsonObject[],
): { readonly kept: readonly JsonObject[]; readonly items: readonly JsonObject[] } {
  let kept = original;
  const items: JsonObject[] = [];
  for (const item of patch) {
    const directive = item["$patch"];
    if (directive === undefined) items.push(item);
    else if (directive === "replace") kept = [];
    else if (directive === "delete") {
      const value = item[key];
      if (value === undefined) throw noMergeKey(item, key);
      kept = kept.filter((candidate) => candidate[key] !== value);
    } else if (directive === "merge") throw failed("merging lists cannot yet be specified in the patch");
    else throw badDirective(directive, item);
  }
  return { kept, items };
}

/**
 * Puts a merged list into order: the items that the patch names in the order of `wanted`, the others between them as they
 * stood in `live`. An item that cannot be placed by that stands after the patch's.
 */
export function order(
  key: string | undefined,
  merged: readonly Json[],
  wanted: readonly Json[],
  live: readonly Json[],
): readonly Json[] {
  const identity = (item: Json): Json | undefined =>
    key === undefined ? item : isObject(item) ? item[key] : undefined;
  const placeIn = (list: readonly Json[], item: Json): number =>
    list.findIndex((other) => equalJson(identity(other), identity(item)));
  const byPlace =
    (list: readonly Json[]) =>
    (a: Json, b: Json): number =>
      placeIn(list, a) - placeIn(list, b);
  const named = merged.filter((item) => placeIn(wanted, item) >= 0).toSorted(byPlace(wanted));
  const others = merged.filter((item) => placeIn(wanted, item) < 0).toSorted(byPlace(live));
  const result: Json[] = [];
  let next = 0;
  for (const other of others) {
    const place = placeIn(live, other);
    for (; next < named.length; next++) {
      const item = named[next];
      if (item === undefined) break;
      const itemPlace = placeIn(live, item);
      if (place >= 0 && itemPlace >= 0 && place < itemPlace) break;
      result.push(item);
    }
    result.push(other);
  }
  return [...result, ...named.slice(next)];
}

/** The list without the given scalars. */
export function withoutScalars(list: readonly Json[], gone: readonly Json[]): readonly Json[] {
  return list.filter((item) => !gone.some((other) => equalJson(item, other)));
}

/** Throws where the patch's items stand in another order than `$setElementOrder` says, or are not all in it. */
export function checkOrder(key: string | undefined, patch: readonly Json[], wanted: readonly Json[]): void {
  const identity = (item: Json | undefined): Json | undefined =>
    key !== undefined && isObject(item) ? item[key] : item;
  const items = patch.filter((item) => !(isObject(item) && item["$patch"] === "delete"));
  let matched = 0;
  for (const place of wanted) {
    if (matched < items.length && equalJson(identity(items[matched]), identity(place))) matched += 1;
  }
  if (matched === items.length) return;
  const message = `The order in patch list:\n${goText(patch)}\n doesn't match $setElementOrder list:\n${goText(wanted)}\n`;
  throw failed(message);
}

function distinct(items: readonly Json[]): readonly Json[] {
  return items.filter((item, index) => items.findIndex((other) => equalJson(item, other)) === index);
}
