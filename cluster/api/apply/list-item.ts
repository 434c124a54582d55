import { isList, isObject, type Json } from "./json.ts";
import { keyElement, valueElement, type PathElement } from "./path-element.ts";
import type { ListStructure } from "./structure.ts";

/** Why an item cannot stand in its list; the message is Kubernetes'. */
export interface ItemProblem {
  readonly problem: string;
}

/** The path element of an item in a set or a keyed list, with missing keys filled from the schema's defaults. */
export function itemElement(list: ListStructure, item: Json): PathElement | ItemProblem {
  return list.relation === "map" ? keyedElement(list, item) : setElement(item);
}

function keyedElement(list: ListStructure, item: Json): PathElement | ItemProblem {
  if (item === null) return { problem: "associative list with keys may not have a null element" };
  if (!isObject(item)) return { problem: "associative list with keys may not have non-map elements" };
  const values: Json[] = [];
  for (const key of list.keys) {
    const value = item[key] ?? list.keyDefaults.get(key);
    if (value === undefined) {
      const problem = `associative list with keys has an element that omits key field ${JSON.stringify(key)} (and doesn't have default value)`;
      return { problem };
    }
    values.push(value);
  }
  return keyElement(list.keys, values);
}

function setElement(item: Json): PathElement | ItemProblem {
  if (isObject(item)) return { problem: "associative list without keys has an element that's a map type" };
  if (isList(item)) return { problem: "not supported: associative list with lists as elements" };
  if (item === null) return { problem: "associative list without keys has an element that's an explicit null" };
  return valueElement(item);
}

/** The items of a list by their path elements, in order; an item without one is left out. Duplicates stand together. */
export function itemsByElement(list: ListStructure, items: readonly Json[]): ReadonlyMap<PathElement, readonly Json[]> {
  const result = new Map<PathElement, Json[]>();
  for (const item of items) {
    const element = itemElement(list, item);
    if (typeof element !== "string") continue;
    const same = result.get(element);
    if (same === undefined) result.set(element, [item]);
    else same.push(item);
  }
  return result;
}
