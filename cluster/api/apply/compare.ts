import { isMap, sameJson } from "../json.ts";
import type { Schema } from "../schema.ts";
import { emptySet, type FieldSet, setOf } from "./field-set.ts";
import { duplicates, formOf, isEmptyValue, partsOf, zeroOf } from "./parts.ts";
import { fieldName, type PathElement } from "./path-element.ts";

type Path = readonly PathElement[];

/** Every field that a value sets, by its schema: what its applier owns. */
export function fieldSetOf(schema: Schema | undefined, value: unknown): FieldSet {
  function* visit(holder: Schema | undefined, held: unknown, path: Path): Generator<Path> {
    if (formOf(holder, held) === "whole") yield path;
    for (const [element, part] of partsOf(holder, held)) {
      const below = [...path, element];
      if (isEmptyValue(part.value) || !isStruct(holder, element)) yield below;
      yield* visit(part.schema, part.value, below);
    }
  }
  return setOf(visit(schema, value, []));
}

/** A declared field that holds others is not owned itself, only what it holds; entries of maps and lists are. */
function isStruct(holder: Schema | undefined, element: PathElement): boolean {
  const name = fieldName(element);
  return name !== undefined && holder?.property(name) !== undefined;
}

/** The set with every struct that has something below it: to remove fields and their then empty structs they must be in. */
export function withStructs(schema: Schema | undefined, set: FieldSet): FieldSet {
  const entries = Object.entries(set).map(([element, below]) => {
    const name = fieldName(element);
    const inner = withStructs(name === undefined ? schema?.items : schema?.field(name), below);
    return [element, isStruct(schema, element) ? { ...inner, ".": emptySet } : inner] as const;
  });
  return Object.fromEntries(entries);
}

/** Which fields differ between two values of one schema. */
export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

/** Compares two values; a field that only one of them has counts with all that is below it. */
export function compareValues(schema: Schema | undefined, before: unknown, after: unknown): Comparison {
  const found: Record<keyof Comparison, Path[]> = { added: [], modified: [], removed: [] };
  const visit = (holder: Schema | undefined, left: unknown, right: unknown, path: Path): void => {
    if (left === right) return;
    if (left === undefined) found.added.push(path);
    if (right === undefined) found.removed.push(path);
    const [lefts, rights] = [partsOf(holder, left), partsOf(holder, right)];
    const isWhole = formOf(holder, left ?? right) === "whole" || formOf(holder, right ?? left) === "whole";
    // An empty object is a value of its own, so that {} and null can be told apart.
    const isLeaf = isWhole || lefts.size + rights.size === 0;
    if (isLeaf && left !== undefined && right !== undefined && !sameJson(left, right)) found.modified.push(path);
    for (const element of new Set([...lefts.keys(), ...rights.keys()])) {
      const [one, other] = [lefts.get(element), rights.get(element)];
      const name = fieldName(element);
      const absent = (side: unknown): unknown => (name !== undefined && isMap(side) ? zeroOf(holder, name) : undefined);
      const below = one?.schema === duplicates ? duplicates : (other ?? one)?.schema;
      visit(below, one ? one.value : absent(left), other ? other.value : absent(right), [...path, element]);
    }
  };
  visit(schema, before, after, []);
  return { added: setOf(found.added), modified: setOf(found.modified), removed: setOf(found.removed) };
}
