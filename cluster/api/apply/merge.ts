import { isList, isMap } from "../json.ts";
import type { Schema } from "../schema.ts";
import { fieldSetOf, withStructs } from "./compare.ts";
import { difference, emptySet, type FieldSet, intersection, isEmptySet, union } from "./field-set.ts";
import { duplicates, formOf, itemElement, partsOf } from "./parts.ts";
import { fieldElement, type PathElement } from "./path-element.ts";

/** The live value with the applied one laid over it: objects by key, keyed lists by item, everything else replaced. */
export function mergeValues(schema: Schema | undefined, live: unknown, applied: unknown): unknown {
  if (formOf(schema, applied ?? live) === "whole") return applied;
  const [before, after] = [partsOf(schema, live), partsOf(schema, applied)];
  if (after.size === 0) return before.size === 0 ? applied : live;
  if (!isMap(applied)) return mergeItems(schema, isList(live) ? live : [], applied);
  const merged: Record<string, unknown> = isMap(live) ? { ...live } : {};
  for (const [key, value] of Object.entries(applied)) {
    merged[key] = key in merged ? mergeValues(schema?.field(key), merged[key], value) : value;
  }
  return merged;
}

/**
 * Applied items keep the order in which they were applied; a live item that was not applied stays before the next shared
 * item that it stood before.
 */
function mergeItems(schema: Schema | undefined, live: readonly unknown[], applied: unknown): readonly unknown[] {
  const [before, after] = [partsOf(schema, live), partsOf(schema, applied)];
  const shared = [...after.keys()].filter((element) => before.has(element));
  const waiting = [...after.keys()];
  const merged: unknown[] = [];
  const takeThrough = (last: PathElement | undefined): void => {
    for (let element = waiting.shift(); element !== undefined; element = waiting.shift()) {
      const [mine, given] = [before.get(element), after.get(element)];
      // Live duplicates of an applied item are replaced by it.
      const isMerged = mine !== undefined && mine.schema !== duplicates;
      merged.push(isMerged ? mergeValues(schema?.items, mine.value, given?.value) : given?.value);
      if (element === shared[0]) shared.shift();
      if (element === last) return;
    }
  };
  for (const item of live) {
    const element = schema === undefined ? undefined : itemElement(schema, item);
    if (typeof element !== "string" || !after.has(element)) merged.push(item);
    else if (element === shared[0]) takeThrough(element);
  }
  takeThrough(undefined);
  return merged;
}

/** The value without the fields of the set. An object or list that nothing is left in becomes null. */
export function removeFields(schema: Schema | undefined, value: unknown, fields: FieldSet): unknown {
  const form = formOf(schema, value);
  if (isEmptySet(fields) || (form === "whole" && !isMap(value) && !isList(value))) return value;
  if (form === "whole") return null;
  const inner = (element: unknown, below: Schema | undefined, item: unknown): readonly unknown[] => {
    if (typeof element !== "string") return [item];
    const gone = fields[element] ?? emptySet;
    return "." in gone ? [] : [removeFields(below, item, gone)];
  };
  if (isList(value)) {
    const kept = value.flatMap((item) => inner(schema && itemElement(schema, item), schema?.items, item));
    return kept.length === 0 ? null : kept;
  }
  const kept = Object.entries(isMap(value) ? value : {}).flatMap(([key, item]) =>
    inner(fieldElement(key), schema?.field(key), item).map((left) => [key, left] as const),
  );
  return kept.length === 0 ? null : Object.fromEntries(kept);
}

/**
 * The merged value without what this applier owned last time, does not apply any more, and nobody else owns.
 * @param last what the applier owned before
 * @param owned what anyone owns, this applier its new fields
 */
export function prune(schema: Schema | undefined, merged: unknown, last: FieldSet, owned: FieldSet): unknown {
  if (isEmptySet(difference(last, owned))) return merged;
  const fieldsOf = (value: unknown): FieldSet => withStructs(schema, fieldSetOf(schema, value));
  const lastFields = withStructs(schema, last);
  const mergedFields = fieldsOf(merged);
  // Take all of it out, put back what anyone owns, and then what the applier never had: its neighbours in a removed map.
  const kept = union(fieldsOf(removeFields(schema, merged, lastFields)), withStructs(schema, owned));
  const withOwned = removeFields(schema, merged, difference(mergedFields, kept));
  const gone = difference(mergedFields, fieldsOf(withOwned));
  return removeFields(schema, merged, intersection(gone, lastFields));
}
