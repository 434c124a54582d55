import { isMap, type JsonMap } from "../json.ts";
import { canonicalJson } from "./go-text.ts";

/**
 * One step of a field's path in the spelling of fieldsV1: `f:image` a field, `k:{"name":"web"}` a list item by its keys,
 * `v:"x"` an item of a set, `i:0` an index. Keys are in canonical order, so that equal steps are equal strings.
 */
export type PathElement = string;

/** The step to a named field or a map's key. */
export function fieldElement(name: string): PathElement {
  return `f:${name}`;
}

/** The field's name, if the step is one to a field. */
export function fieldName(element: PathElement): string | undefined {
  return element.startsWith("f:") ? element.slice(2) : undefined;
}

/** The step to the item of a set with this value. */
export function valueElement(value: unknown): PathElement {
  return `v:${canonicalJson(value)}`;
}

/** The step to the item of a keyed list. */
export function keyElement(key: JsonMap): PathElement {
  return `k:${canonicalJson(key)}`;
}

/** Reads a key of fieldsV1; throws a SyntaxError where it is none. */
export function parseElement(text: string): PathElement {
  if (text.startsWith("f:") || /^i:\d+$/.test(text)) return text;
  const value: unknown = /^[kv]:/.test(text) ? JSON.parse(text.slice(2)) : undefined;
  if (value === undefined || (text.startsWith("k:") && !isMap(value))) {
    throw new SyntaxError(`unknown path element in fieldsV1: ${text}`);
  }
  return text.slice(0, 2) + canonicalJson(value);
}

/** A step as messages show it: `.image`, `[name="web"]`, `[="x"]`, `[0]`. */
export function printElement(element: PathElement): string {
  const text = element.slice(2);
  if (element.startsWith("f:")) return `.${text}`;
  if (!element.startsWith("k:")) return element.startsWith("v:") ? `[=${text}]` : `[${text}]`;
  const pairs = Object.entries(JSON.parse(text) as JsonMap);
  return `[${pairs.map(([name, value]) => `${name}=${canonicalJson(value)}`).join(",")}]`;
}

/** The order of steps in sets and messages: fields, keys, values, indices; within each by value. */
export function compareElements(a: PathElement, b: PathElement): number {
  const [left, right] = [sortKey(a), sortKey(b)];
  for (const [index, part] of left.entries()) {
    const order = index < right.length ? compareScalars(part, right[index]) : 1;
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function sortKey(element: PathElement): readonly unknown[] {
  const rank = "fkvi".indexOf(element.charAt(0));
  if (rank === 0) return [rank, element];
  const value: unknown = JSON.parse(element.slice(2));
  return [rank, ...(isMap(value) ? Object.entries(value).flat() : [value])];
}

/** The order of two scalars of one type; it is total, so that the same fields are always written alike. */
export function compareScalars(a: unknown, b: unknown): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  const [left, right] = typeof a === "string" && typeof b === "string" ? [a, b] : [canonicalJson(a), canonicalJson(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
