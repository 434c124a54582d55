import { isJsonObject } from "../model/json.ts";
import type { Json } from "../model/json.ts";

/** The way to a field in the words of fieldsV1: `f:name`, `k:{"name":"web"}`, `v:"value"`. */
export type FieldPath = readonly string[];

/** How people write it: `spec.template.spec.containers[web].image`. */
export function printPath(path: FieldPath): string {
  let text = "";
  for (const segment of path) {
    const name = segment.slice(2);
    if (!segment.startsWith("f:")) text += `[${printKey(segment)}]`;
    else if (/[^\w-]/.test(name)) text += `["${name}"]`;
    else text += text === "" ? name : `.${name}`;
  }
  return text;
}

/** The key fields of a `k:` segment; undefined for any other segment. */
export function keyOf(segment: string): { readonly [field: string]: Json | undefined } | undefined {
  if (!segment.startsWith("k:")) return undefined;
  const key = parse(segment.slice(2));
  return isJsonObject(key) ? key : undefined;
}

/** The value of a `v:` segment; undefined for any other segment. */
export function valueOf(segment: string): Json | undefined {
  return segment.startsWith("v:") ? parse(segment.slice(2)) : undefined;
}

function printKey(segment: string): string {
  const key = keyOf(segment);
  if (key === undefined) return segment.slice(2).replaceAll('"', "");
  const fields = Object.entries(key);
  const [first] = fields;
  if (fields.length === 1 && first?.[0] === "name") return printScalar(first[1]);
  return fields.map(([field, value]) => `${field}=${printScalar(value)}`).join(",");
}

function printScalar(value: Json | undefined): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
