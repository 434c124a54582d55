import { isList, isObject, type Json } from "./json.ts";
import { itemElement, itemsByElement } from "./list-item.ts";
import type { PathElement } from "./path-element.ts";
import { fieldStructure, shapeForPair } from "./shape.ts";
import { deduced, type ListStructure, type MapStructure, type Structure } from "./structure.ts";

/**
 * The live value with the applied one laid over it: maps by key, keyed lists by item, everything else replaced. Whatever
 * nothing was applied to is the very value of `live`, not a copy.
 */
export function mergeValues(structure: Structure, live: Json, applied: Json): Json {
  return merge(structure, live, applied) ?? null;
}

function merge(structure: Structure, live: Json | undefined, applied: Json | undefined): Json | undefined {
  if (applied === undefined || live === applied) return live;
  const shape = shapeForPair(structure, live, applied);
  if (shape.kind === "map") return mergeMaps(shape.map, live, applied);
  if (shape.kind === "list") return mergeLists(shape.list, live, applied);
  return applied;
}

function mergeMaps(map: MapStructure, liveValue: Json | undefined, appliedValue: Json): Json | undefined {
  const live = isObject(liveValue) ? liveValue : {};
  const applied = isObject(appliedValue) ? appliedValue : {};
  // An empty map is a leaf, so that {} and null can be told apart.
  const isEmpty = Object.keys(live).length === 0 && Object.keys(applied).length === 0;
  if (map.atomic || isEmpty) return appliedValue;
  const merged: Record<string, Json> = { ...live };
  let isChanged = false;
  for (const [key, item] of Object.entries(applied)) {
    const value = merge(fieldStructure(map, key) ?? deduced, live[key], item);
    if (value === undefined || (value === live[key] && key in live)) continue;
    merged[key] = value;
    isChanged = true;
  }
  return isChanged ? merged : liveValue;
}

function mergeLists(list: ListStructure, liveValue: Json | undefined, appliedValue: Json): Json | undefined {
  const live = isList(liveValue) ? liveValue : [];
  const applied = isList(appliedValue) ? appliedValue : [];
  if (list.relation === "atomic" || (live.length === 0 && applied.length === 0)) return appliedValue;
  if (applied.length === 0) return liveValue;
  const merged = mergeItems(list, live, applied);
  const isChanged = merged.length !== live.length || merged.some((item, index) => item !== live[index]);
  return isChanged ? merged : liveValue;
}

/**
 * Applied items keep the order in which they were applied; a live item that was not applied stays before the next shared
 * item that it stood before.
 */
function mergeItems(list: ListStructure, live: readonly Json[], applied: readonly Json[]): readonly Json[] {
  const liveItems = itemsByElement(list, live);
  const appliedItems = itemsByElement(list, applied);
  const appliedOrder = [...appliedItems.keys()];
  const shared = appliedOrder.filter((element) => liveItems.has(element));
  const done = new Set<PathElement>();
  const out: Json[] = [];
  const take = (element: PathElement): void => {
    // Live duplicates of an applied item are replaced by it.
    const same = liveItems.get(element) ?? [];
    const before = same.length === 1 ? same[0] : undefined;
    const item = merge(list.element, before, appliedItems.get(element)?.[0]);
    if (item !== undefined) out.push(item);
    done.add(element);
    if (shared[0] === element) shared.shift();
  };
  const waiting = appliedOrder.values();
  const takeThrough = (last: PathElement | undefined): void => {
    for (const next of waiting) {
      take(next);
      if (next === last) return;
    }
  };
  for (const item of live) {
    const element = itemElement(list, item);
    if (typeof element !== "string" || !appliedItems.has(element)) out.push(item);
    else if (shared[0] === element) takeThrough(element);
  }
  takeThrough(undefined);
  return out;
}
