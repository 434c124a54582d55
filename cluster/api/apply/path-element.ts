import { canonicalJson, isObject, type Json } from "./json.ts";

/**
 * One step of a field's path in the spelling of fieldsV1: `f:image` a field, `k:{"name":"web"}` a list item by its keys,
 * `v:"x"` an item of a set, `i:0` an index. Keys are in canonical order, so that equal steps are equal strings.
 */
export type PathElement = string;

/** The step to a named field or a map's key. */
export function fieldElement(name: string): PathElement {
  return `f:${name}`;
}

/** The step to the item of a set with this value. */
export function valueElement(value: Json): PathElement {
  return `v:${canonicalJson(value)}`;
}

/** The step to the item of a keyed list; the names must be sorted. */
export function keyElement(names: readonly string[], values: readonly Json[]): PathElement {
  const pairs = names.map((name, index) => `${JSON.stringify(name)}:${canonicalJson(values[index] ?? null)}`);
  return `k:{${pairs.join(",")}}`;
}

/** The field's name, if the step is one to a field. */
export function fieldName(element: PathElement): string | undefined {
  return element.startsWith("f:") ? element.slice(2) : undefined;
}

/** Reads a key of fieldsV1; throws a SyntaxError where it is none. */
export function parseElement(text: string): PathElement {
  if (text.startsWith("f:")) return text;
  if (text.startsWith("v:")) return valueElement(JSON.parse(text.slice(2)) as Json);
  if (text.startsWith("k:")) {
    const key = JSON.parse(text.slice(2)) as Json;
    if (isObject(key)) return `k:${canonicalJson(key)}`;
  }
  if (/^i:\d+$/.test(text)) return text;
  throw new SyntaxError(`unknown path element in fieldsV1: ${text}`);
}

/** A step as messages show it: `.image`, `[name="web"]`, `[="x"]`, `[0]`. */
export function printElement(element: PathElement): string {
  const text = element.slice(2);
  switch (element.charAt(0)) {
    case "f":
      return `.${text}`;
    case "v":
      return `[=${text}]`;
    case "k":
      return `[${keyPairs(element)
        .map(([name, value]) => `${name}=${canonicalJson(value)}`)
        .join(",")}]`;
    default:
      return `[${text}]`;
  }
}

/** A whole path as messages show it: `.spec.containers[name="web"].image`. */
export function printPath(path: readonly PathElement[]): string {
  return path.map(printElement).join("");
}

const ranks: Readonly<Record<string, number>> = { f: 0, k: 1, v: 2, i: 3 };

/** The order of steps in sets and messages: fields, keys, values, indices; within each by value. */
export function compareElements(a: PathElement, b: PathElement): number {
  const kind = a.charAt(0);
  const rank = (ranks[kind] ?? 4) - (ranks[b.charAt(0)] ?? 4);
  if (rank !== 0) return rank;
  if (kind === "f") return compareText(a, b);
  if (kind === "i") return Number(a.slice(2)) - Number(b.slice(2));
  if (kind === "v") return compareScalars(JSON.parse(a.slice(2)) as Json, JSON.parse(b.slice(2)) as Json);
  return compareKeys(keyPairs(a), keyPairs(b));
}

function compareKeys(a: readonly [string, Json][], b: readonly [string, Json][]): number {
  for (const [index, [name, value]] of a.entries()) {
    const other = b[index];
    if (other === undefined) return 1;
    const order = compareText(name, other[0]) || compareScalars(value, other[1]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function compareScalars(a: Json, b: Json): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return compareText(canonicalJson(a), canonicalJson(b));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function keyPairs(element: PathElement): readonly [string, Json][] {
  return Object.entries(JSON.parse(element.slice(2)) as Record<string, Json>);
}
