import { isList, isObject, type Json } from "./json.ts";
import type { ListStructure, MapStructure, ScalarKind, Structure } from "./structure.ts";

/** The form in which a structure takes a value: exactly one of its atoms. */
export type Shape =
  | { readonly kind: "map"; readonly map: MapStructure }
  | { readonly kind: "list"; readonly list: ListStructure }
  | { readonly kind: "scalar"; readonly scalar: ScalarKind };

const shapes = new WeakMap<object, Shape>();
const scalarShapes: Readonly<Record<ScalarKind, Shape>> = {
  string: { kind: "scalar", scalar: "string" },
  numeric: { kind: "scalar", scalar: "numeric" },
  boolean: { kind: "scalar", scalar: "boolean" },
  untyped: { kind: "scalar", scalar: "untyped" },
};

/** The shape for a value: by the value's own form where the structure allows it, otherwise the structure's first. */
export function shapeFor(structure: Structure, value: Json | undefined): Shape {
  const { scalar, list, map } = structure;
  if (isList(value)) {
    if (list !== undefined) return listShape(list);
  } else if (isObject(value)) {
    if (map !== undefined) return mapShape(map);
  } else if (value !== undefined && value !== null && scalar !== undefined) return scalarShapes[scalar];
  if (map !== undefined) return mapShape(map);
  if (scalar !== undefined) return scalarShapes[scalar];
  return list === undefined ? scalarShapes.untyped : listShape(list);
}

/** The shape for a pair of values, of which the second decides where both are there. */
export function shapeForPair(structure: Structure, left: Json | undefined, right: Json | undefined): Shape {
  return shapeFor(structure, right ?? left);
}

/** The structure of what a map holds under a key; undefined where the key is not allowed. */
export function fieldStructure(map: MapStructure, key: string): Structure | undefined {
  return map.fields.get(key) ?? map.elements;
}

function mapShape(map: MapStructure): Shape {
  let shape = shapes.get(map);
  if (shape === undefined) shapes.set(map, (shape = { kind: "map", map }));
  return shape;
}

function listShape(list: ListStructure): Shape {
  let shape = shapes.get(list);
  if (shape === undefined) shapes.set(list, (shape = { kind: "list", list }));
  return shape;
}
