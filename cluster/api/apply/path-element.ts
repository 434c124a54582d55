import type { JsonMap } from "../stored-object.ts";
import { canonicalJson, isMap } from "./json.ts";

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
  if (element.startsWith("v:")) return `[=${text}]`;
  if (element.startsWith("i:")) return `[${text}]`;
  return `[${keyPairs(element)
    .map(([name, value]) => `${name}=${canonicalJson(value)}`)
    .join(",")}]`;
}

const kinds = "fkvi";

/** The order of steps in sets and messages: fields, keys, values, indices; within each by value. */
export function compareElements(a: PathElement, b: PathElement): number {
  const kind = a.charAt(0);
  const rank = kinds.indexOf(kind) - kinds.indexOf(b.charAt(0));
  if (rank !== 0) return rank;
  if (kind === "f") return compareScalars(a, b);
  if (kind !== "k") return compareScalars(JSON.parse(a.slice(2)), JSON.parse(b.slice(2)));
  const others = keyPairs(b);
  for (const [index, [name, value]] of keyPairs(a).entries()) {
    const other = others[index];
    if (other === undefined) return 1;
    const order = compareScalars(name, other[0]) || compareScalars(value, other[1]);
    if (order !== 0) return order;
  }
  return keyPairs(a).length - others.length;
}

/** The order of two scalars of one type; it is total, so that the same fields are always written alike. */
export function compareScalars(a: unknown, b: unknown): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  const [left, right] = typeof a === "string" && typeof b === "string" ? [a, b] : [canonicalJson(a), canonicalJson(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

function keyPairs(element: PathElement): readonly [string, unknown][] {
  return Object.entries(JSON.parse(element.slice(2)) as JsonMap);
}
