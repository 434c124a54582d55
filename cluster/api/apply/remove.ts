import { type FieldSet, isEmptySet } from "./field-set.ts";
import { isList, isObject, type Json } from "./json.ts";
import { itemElement } from "./list-item.ts";
import { fieldElement } from "./path-element.ts";
import { fieldStructure, shapeFor } from "./shape.ts";
import { deduced, type ListStructure, type MapStructure, type Structure } from "./structure.ts";

/** The value without the fields of the set. A map or list that nothing is left in becomes null. */
export function removeFields(structure: Structure, value: Json, fields: FieldSet): Json {
  if (isEmptySet(fields)) return value;
  const shape = shapeFor(structure, value);
  if (shape.kind === "map") return removeFromMap(shape.map, value, fields);
  if (shape.kind === "list") return removeFromList(shape.list, value, fields);
  return value;
}

function removeFromMap(map: MapStructure, value: Json, fields: FieldSet): Json {
  if (!isObject(value) || map.atomic) return null;
  const kept: Record<string, Json> = {};
  for (const [key, item] of Object.entries(value)) {
    const element = fieldElement(key);
    if (fields.members.has(element)) continue;
    const below = fields.children.get(element);
    kept[key] = below === undefined ? item : removeFields(fieldStructure(map, key) ?? deduced, item, below);
  }
  return Object.keys(kept).length === 0 ? null : kept;
}

function removeFromList(list: ListStructure, value: Json, fields: FieldSet): Json {
  if (!isList(value) || list.relation === "atomic") return null;
  const kept: Json[] = [];
  for (const item of value) {
    const element = itemElement(list, item);
    if (typeof element !== "string") {
      kept.push(item);
      continue;
    }
    if (fields.members.has(element)) continue;
    const below = fields.children.get(element);
    kept.push(below === undefined ? item : removeFields(list.element, item, below));
  }
  return kept.length === 0 ? null : kept;
}
