import { isList, isMap } from "../json.ts";
import { Schema } from "../schema.ts";
import { fieldElement, keyElement, type PathElement, valueElement } from "./path-element.ts";

/** What a value is made of by its schema: nothing but itself (scalars, atomic values), fields, or items of a list. */
export type Form = "whole" | "fields" | "items";

/** A piece of a value that is owned for itself; its schema is undefined where nothing is said of it. */
export interface Part {
  readonly schema: Schema | undefined;
  readonly value: unknown;
}

/** Items that share their key stand for each other and are compared as a group. */
export const duplicates = new Schema({ type: "array", "x-kubernetes-list-type": "atomic" }, {});

/** The form of a value; where the schema says nothing, objects have fields and lists are whole. */
export function formOf(schema: Schema | undefined, value: unknown): Form {
  if (schema?.mapType === "atomic") return "whole";
  if (isUntyped(schema)) return isMap(value) ? "fields" : "whole";
  if (schema.type === "array") return relationOf(schema) === "atomic" ? "whole" : "items";
  return hasFields(schema) ? "fields" : "whole";
}

/** Whether a schema says nothing of the values below it. */
export function isUntyped(schema: Schema | undefined): schema is undefined {
  return schema === undefined || (schema.freeForm && !hasFields(schema));
}

function hasFields({ raw }: Schema): boolean {
  return raw.properties !== undefined || typeof raw.additionalProperties === "object";
}

function relationOf({ listType, patchStrategy, patchMergeKey }: Schema): "atomic" | "set" | "map" {
  if (listType !== undefined) return listType;
  // Before list types there were only patch strategies; Kubernetes still honours them where no type is given.
  if (!patchStrategy.includes("merge")) return "atomic";
  return patchMergeKey === undefined ? "set" : "map";
}

/** The parts of a value by their steps, in order; none where it is owned whole. Items that cannot be told apart are left out. */
export function partsOf(schema: Schema | undefined, value: unknown): ReadonlyMap<PathElement, Part> {
  const parts = new Map<PathElement, Part>();
  const form = formOf(schema, value);
  if (form === "fields" && isMap(value)) {
    for (const [key, item] of Object.entries(value)) {
      parts.set(fieldElement(key), { schema: schema?.field(key), value: item });
    }
  } else if (form === "items" && schema !== undefined && isList(value)) {
    for (const item of value) {
      const element = itemElement(schema, item);
      if (typeof element !== "string") continue;
      const same = parts.get(element);
      const group = same?.schema === duplicates ? (same.value as readonly unknown[]) : [same?.value];
      parts.set(
        element,
        same === undefined ? { schema: schema.items, value: item } : { schema: duplicates, value: [...group, item] },
      );
    }
  }
  return parts;
}

/** Why an item cannot stand in its list; the message is Kubernetes'. */
export interface ItemProblem {
  readonly problem: string;
}

/** The step to an item of a set or a keyed list, with missing keys filled from the schema's defaults. */
export function itemElement(list: Schema, item: unknown): PathElement | ItemProblem {
  return relationOf(list) === "map" ? keyedElement(list, item) : setElement(item);
}

function keyedElement({ listMapKeys, patchMergeKey = "", items }: Schema, item: unknown): PathElement | ItemProblem {
  if (item === null) return { problem: "associative list with keys may not have a null element" };
  if (!isMap(item)) return { problem: "associative list with keys may not have non-map elements" };
  const keys = listMapKeys ?? [patchMergeKey];
  const entries = keys.map((name) => [name, name in item ? item[name] : items?.property(name)?.default] as const);
  // An item without one of several keys is another than with it.
  const given = entries.filter(([, value]) => value !== undefined);
  if (given.length > 0) return keyElement(Object.fromEntries(given));
  const names = keys.map((name) => JSON.stringify(name)).join(" ");
  const why = `omits all key fields [${names}] (and doesn't have default values for any key fields)`;
  return { problem: `associative list with keys has an element that ${why}` };
}

function setElement(item: unknown): PathElement | ItemProblem {
  if (isMap(item)) return { problem: "associative list without keys has an element that's a map type" };
  if (isList(item)) return { problem: "not supported: associative list with lists as elements" };
  if (item === null) return { problem: "associative list without keys has an element that's an explicit null" };
  return valueElement(item);
}

/**
 * What a Go object holds in a field that was not set and is neither a pointer nor omitempty: structs by value, which are
 * published with {} as their default, and required fields. Custom objects, whose schemas have no definition, hold nothing.
 */
export function zeroOf(holder: Schema | undefined, name: string): unknown {
  const field = holder?.definition === undefined ? undefined : holder.property(name);
  if (isMap(field?.default) && Object.keys(field.default).length === 0) return field.default;
  return field !== undefined && holder?.required.includes(name) ? (field.default ?? null) : undefined;
}

/** Whether a value is null or `{}`, which are owned for themselves, as nothing is in them. */
export function isEmptyValue(value: unknown): boolean {
  return value === null || (isMap(value) && Object.keys(value).length === 0);
}
