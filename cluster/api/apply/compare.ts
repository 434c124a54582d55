import type { Schema } from "../schema.ts";
import { sameJson } from "../stored-object.ts";
import { draftSet, type FieldSet, insertPath } from "./field-set.ts";
import { isMap } from "./json.ts";
import { duplicates, formOf, isEmptyValue, partsOf, zeroOf } from "./parts.ts";
import { fieldName, type PathElement } from "./path-element.ts";

/** Every field that a value sets, by its schema: what its applier owns. */
export function fieldSetOf(schema: Schema | undefined, value: unknown): FieldSet {
  const set = draftSet();
  const visit = (holder: Schema | undefined, held: unknown, path: readonly PathElement[]): void => {
    if (formOf(holder, held) === "whole") return insertPath(set, path);
    for (const [element, part] of partsOf(holder, held)) {
      const below = [...path, element];
      if (isEmptyValue(part.value) || !isStruct(holder, element)) insertPath(set, below);
      visit(part.schema, part.value, below);
    }
  };
  visit(schema, value, []);
  return set;
}

/** Nobody owns a declared field that others are in, only those; the entries of maps and lists are owned themselves. */
function isStruct(holder: Schema | undefined, element: PathElement): boolean {
  const name = fieldName(element);
  return name !== undefined && holder?.property(name) !== undefined;
}

/** The set with every struct that has something below it: to remove fields and their then empty structs they must be in. */
export function withStructs(schema: Schema | undefined, set: FieldSet): FieldSet {
  const members = new Set(set.members);
  const children = new Map<PathElement, FieldSet>();
  for (const [element, child] of set.children) {
    const name = fieldName(element);
    if (isStruct(schema, element)) members.add(element);
    children.set(element, withStructs(name === undefined ? schema?.items : schema?.field(name), child));
  }
  return { members, children };
}

/** Which fields differ between two values of one schema. */
export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

/** Compares two values; a field that only one of them has counts with all that is below it. */
export function compareValues(schema: Schema | undefined, before: unknown, after: unknown): Comparison {
  const found = { added: draftSet(), modified: draftSet(), removed: draftSet() };
  const visit = (holder: Schema | undefined, left: unknown, right: unknown, path: readonly PathElement[]): void => {
    if (left === right) return;
    if (left === undefined) insertPath(found.added, path);
    if (right === undefined) insertPath(found.removed, path);
    const [lefts, rights] = [partsOf(holder, left), partsOf(holder, right)];
    // An empty object is a value of its own, so that {} and null can be told apart.
    const isLeaf =
      lefts.size + rights.size === 0 ||
      [left ?? right, right ?? left].some((value) => formOf(holder, value) === "whole");
    if (isLeaf && left !== undefined && right !== undefined && !sameJson(left, right)) insertPath(found.modified, path);
    for (const element of new Set([...lefts.keys(), ...rights.keys()])) {
      const [one, other] = [lefts.get(element), rights.get(element)];
      const name = fieldName(element);
      const absent = (side: unknown): unknown => (name !== undefined && isMap(side) ? zeroOf(holder, name) : undefined);
      const below = one?.schema === duplicates ? duplicates : (other ?? one)?.schema;
      visit(below, one ? one.value : absent(left), other ? other.value : absent(right), [...path, element]);
    }
  };
  visit(schema, before, after, []);
  return found;
}
