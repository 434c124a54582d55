import { attachChild, draftSet, emptySet, type FieldSet } from "./field-set.ts";
import { isList, isObject, type Json } from "./json.ts";
import { itemElement } from "./list-item.ts";
import { fieldElement, fieldName } from "./path-element.ts";
import { fieldStructure, shapeFor } from "./shape.ts";
import { deduced, type ListStructure, type MapStructure, type Structure } from "./structure.ts";

/** A subtree's fields, and whether the subtree's own path is one of them (scalars, atomic and empty values). */
interface Fields {
  readonly set: FieldSet;
  readonly isLeaf: boolean;
}

const leaf: Fields = { set: emptySet, isLeaf: true };
const nothing: Fields = { set: emptySet, isLeaf: false };

/** Every field that a value sets, by its structure: what its applier owns. */
export function fieldSetOf(structure: Structure, value: Json): FieldSet {
  return fieldsOf(structure, value).set;
}

function fieldsOf(structure: Structure, value: Json): Fields {
  const shape = shapeFor(structure, value);
  if (shape.kind === "scalar") return leaf;
  if (shape.kind === "list") return shape.list.relation === "atomic" ? leaf : fieldsOfList(shape.list, value);
  return shape.map.atomic ? leaf : fieldsOfMap(shape.map, value);
}

function fieldsOfList(list: ListStructure, value: Json): Fields {
  if (!isList(value)) return nothing;
  const set = draftSet();
  for (const item of value) {
    const element = itemElement(list, item);
    if (typeof element !== "string") continue;
    // Of items that share their key only the key is owned: which of them is meant cannot be said.
    if (set.members.has(element)) set.children.delete(element);
    else attachChild(set, element, fieldsOf(list.element, item).set);
    set.members.add(element);
  }
  return { set, isLeaf: false };
}

function fieldsOfMap(map: MapStructure, value: Json): Fields {
  if (!isObject(value)) return nothing;
  const set = draftSet();
  for (const [key, item] of Object.entries(value)) {
    const element = fieldElement(key);
    const below = fieldsOf(fieldStructure(map, key) ?? deduced, item);
    attachChild(set, element, below.set);
    if (below.isLeaf || isEmptyValue(item) || !map.fields.has(key)) set.members.add(element);
  }
  return { set, isLeaf: false };
}

function isEmptyValue(value: Json): boolean {
  return value === null || (isObject(value) && Object.keys(value).length === 0);
}

/**
 * The set with every named field that has something below it. Sets leave structs out (`.spec` of `.spec.replicas`), since
 * nobody owns them; to remove fields and their then empty structs they must be in.
 */
export function withNamedFields(set: FieldSet, structure: Structure): FieldSet {
  if (set.children.size === 0) return set;
  const { map, list } = structure;
  const members = new Set(set.members);
  const children = new Map<string, FieldSet>();
  for (const [element, child] of set.children) {
    const name = fieldName(element);
    const field = name === undefined ? undefined : map?.fields.get(name);
    if (field !== undefined) members.add(element);
    const below = name === undefined ? list?.element : (field ?? map?.elements);
    children.set(element, withNamedFields(child, below ?? deduced));
  }
  return { members, children };
}
