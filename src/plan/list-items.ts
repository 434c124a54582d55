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
  const left = new Map(segments.map((segment) => [segment, questionOf(segment)]));
  const found = new Map<number, string>();
  for (const exactly of [true, false]) {
    for (const [index, item] of items.entries()) {
      if (found.has(index)) continue;
      for (const [segment, answers] of left) {
        if (!answers(item, exactly)) continue;
        found.set(index, segment);
        left.delete(segment);
        break;
      }
    }
  }
  return {
    items: items.map((item, index) => {
      const segment = found.get(index);
      return segment === undefined ? { item } : { item, segment };
    }),
    left: [...left.keys()],
  };
}

/** Where the live item is that a segment names; -1 when there is none. */
export function liveIndexOf(live: Json | undefined, segment: string): number {
  if (!Array.isArray(live)) return -1;
  const answers = questionOf(segment);
  return live.findIndex((item: Json) => answers(item, true));
}

/** Whether an item is what a segment names, which is read once: a list of sixty is asked thousands of times. */
function questionOf(segment: string): (item: Json, exactly: boolean) => boolean {
  const value = valueOf(segment);
  if (value !== undefined) return (item) => jsonEqual(item, value);
  const key = keyOf(segment);
  if (key === undefined) return () => false;
  const fields = Object.entries(key);
  return (item, exactly) =>
    isJsonObject(item) &&
    fields.every(([field, wanted]) => {
      const given = item[field];
      return given === undefined ? !exactly : jsonEqual(given, wanted);
    });
}
