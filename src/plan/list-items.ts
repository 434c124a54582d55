import { isJsonObject, jsonEqual } from "../model/json.ts";
import type { Json } from "../model/json.ts";
import { keyOf, valueOf } from "./field-path.ts";

/** Which item of Git's list is meant by which segment of the server's field set. */
export interface MatchedItems {
  /** In Git's order; `segment` is missing for an item that the server does not know as ours. */
  readonly items: readonly { readonly item: Json; readonly segment?: string }[];
  /** Segments that no item of Git's list answers to. */
  readonly left: readonly string[];
}

/**
 * Matches Git's items with the segments of a keyed list or a set. An item that names all key fields goes first; then a
 * key field that Git leaves out may be any, because the server fills in its default (a port's protocol).
 */
export function matchItems(items: readonly Json[], segments: readonly string[]): MatchedItems {
  const left = new Set(segments);
  const found = new Map<number, string>();
  for (const exactly of [true, false]) {
    for (const [index, item] of items.entries()) {
      if (found.has(index)) continue;
      const segment = [...left].find((candidate) => answers(item, candidate, exactly));
      if (segment === undefined) continue;
      found.set(index, segment);
      left.delete(segment);
    }
  }
  return {
    items: items.map((item, index) => {
      const segment = found.get(index);
      return segment === undefined ? { item } : { item, segment };
    }),
    left: [...left],
  };
}

/** Where the live item is that a segment names; -1 when there is none. */
export function liveIndexOf(live: Json | undefined, segment: string): number {
  return Array.isArray(live) ? live.findIndex((item: Json) => answers(item, segment, true)) : -1;
}

function answers(item: Json, segment: string, exactly: boolean): boolean {
  const value = valueOf(segment);
  if (value !== undefined) return jsonEqual(item, value);
  const key = keyOf(segment);
  if (key === undefined || !isJsonObject(item)) return false;
  return Object.entries(key).every(([field, wanted]) => {
    const given = item[field];
    return given === undefined ? !exactly : jsonEqual(given, wanted);
  });
}
