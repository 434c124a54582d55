import { ApiError } from "../../client.ts";
import { goText, jsonType } from "../apply/go-text.ts";
import { isMap, type JsonMap, sameJson } from "../json.ts";

/** How the items of a merged list are told apart and merged; without a key they are scalars. */
export interface ListMerge {
  readonly key: string | undefined;
  readonly mergeItem: (original: JsonMap, patch: JsonMap) => JsonMap;
}

/** What Kubernetes can only fail on; it answers 500 without a reason. */
export function failed(message: string): ApiError {
  return new ApiError(500, "", message);
}

/** The original list with the patch's items merged in by key, or scalars added, in the patch's order. */
export function mergeLists(
  { key, mergeItem }: ListMerge,
  original: readonly unknown[],
  patch: readonly unknown[],
): readonly unknown[] {
  const [first] = [...original, ...patch];
  if (first === undefined) return original;
  checkItems(original, patch);
  if (!isMap(first)) {
    const distinct = [...original, ...patch].filter((item, index, all) => placeOf(item, all, undefined) === index);
    return inOrder(undefined, distinct, patch, original);
  }
  if (key === undefined) throw failed("cannot merge lists without merge key for struct");
  const { kept, items } = obeyDirectives(key, original.filter(isMap), patch.filter(isMap));
  const merged = [...kept];
  for (const item of items) {
    const index = merged.findIndex((candidate) => candidate[key] === keyOf(item, key));
    const before = merged[index];
    if (before === undefined) merged.push(item);
    else merged[index] = mergeItem(before, item);
  }
  return inOrder(key, merged, items, kept);
}

function checkItems(...lists: readonly (readonly unknown[])[]): void {
  const types = lists.flat().map(jsonType);
  if (types[0] === "array") {
    throw new ApiError(422, "Invalid", "the server rejected our request due to an error in our request", {});
  }
  if (new Set(types).size > 1) throw failed(`list element types are not identical: ${goText(lists)}`);
}

function keyOf(item: JsonMap, key: string): unknown {
  if (item[key] === undefined) throw failed(`map: ${goText(item)} does not contain declared merge key: ${key}`);
  return item[key];
}

/** Takes out what `$patch: delete` names, and everything where there is a `$patch: replace`. */
function obeyDirectives(
  key: string,
  original: readonly JsonMap[],
  patch: readonly JsonMap[],
): { readonly kept: readonly JsonMap[]; readonly items: readonly JsonMap[] } {
  let kept = original;
  for (const item of patch) {
    const directive = item["$patch"];
    if (directive === "delete") {
      const value = keyOf(item, key);
      kept = kept.filter((candidate) => candidate[key] !== value);
    } else if (directive === "merge") throw failed("merging lists cannot yet be specified in the patch");
    else if (directive !== undefined && directive !== "replace") throw badDirective(directive, item);
  }
  const items = patch.filter((item) => item["$patch"] === undefined);
  return patch.some((item) => item["$patch"] === "replace") ? { kept: items, items: [] } : { kept, items };
}

/** The refusal of a `$patch` that is not known. */
export function badDirective(directive: unknown, patch: JsonMap): ApiError {
  return failed(`unknown patch type: ${goText(directive)} in map: ${goText(patch)}`);
}

function placeOf(item: unknown, list: readonly unknown[], key: string | undefined): number {
  if (key === undefined || !isMap(item)) return list.findIndex((other) => sameJson(other, item));
  const value = keyOf(item, key);
  return list.findIndex((other) => isMap(other) && sameJson(other[key], value));
}

/**
 * Puts a merged list into order: the items that the patch names in the order of `wanted`, the others between them as they
 * stood in `live`. An item that cannot be placed by that stands after the patch's.
 */
export function inOrder(
  key: string | undefined,
  merged: readonly unknown[],
  wanted: readonly unknown[],
  live: readonly unknown[],
): readonly unknown[] {
  const sorted = (items: readonly unknown[], list: readonly unknown[]): unknown[] =>
    items.toSorted((a, b) => placeOf(a, list, key) - placeOf(b, list, key));
  const isNamed = (item: unknown): boolean => placeOf(item, wanted, key) >= 0;
  const named = sorted(merged.filter(isNamed), wanted);
  const others = sorted(
    merged.filter((item) => !isNamed(item)),
    live,
  );
  const result: unknown[] = [];
  while (named.length > 0 && others.length > 0) {
    const [other, next] = [placeOf(others[0], live, key), placeOf(named[0], live, key)];
    result.push((other >= 0 && other < next ? others : named).shift());
  }
  return [...result, ...others, ...named];
}

/** Throws where the patch's items stand in another order than `$setElementOrder` says, or are not all in it. */
export function checkOrder(key: string | undefined, patch: readonly unknown[], wanted: readonly unknown[]): void {
  const items = patch.filter((item) => !(isMap(item) && "$patch" in item));
  let matched = 0;
  for (const place of wanted) {
    if (matched < items.length && placeOf(items[matched], [place], key) === 0) matched += 1;
  }
  if (matched === items.length || wanted.length === 0) return;
  throw failed(
    `The order in patch list:\n${goText(patch)}\n doesn't match $setElementOrder list:\n${goText(wanted)}\n`,
  );
}
