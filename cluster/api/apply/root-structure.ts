import { metadataSchema } from "../schema.ts";
import { isObject, type JsonObject } from "./json.ts";
import { deduced, type SchemaNode, type Structure, structureOf } from "./structure.ts";

/** The structure of a whole object. */
export interface RootStructure {
  readonly structure: Structure;
  /** The object before anything is set: what a create is compared with. */
  readonly zero: JsonObject;
  /** Custom objects have no Go type, hence an empty zero object. */
  readonly isCustom: boolean;
}

const roots = new WeakMap<SchemaNode, RootStructure>();
let withoutSchema: RootStructure | undefined;

/** The structure of a kind's root schema; without one everything but the metadata is deduced from the values. */
export function rootStructureOf(schema: SchemaNode | undefined): RootStructure {
  if (schema === undefined) return (withoutSchema ??= customRoot(deduced));
  let root = roots.get(schema);
  if (root === undefined) {
    const structure = structureOf(schema);
    // Published kinds say that their metadata is a struct by value; schemas of custom resources never do.
    const isCustom = schema.property("metadata")?.default === undefined;
    root = isCustom
      ? customRoot(structure)
      : { structure, zero: isObject(structure.zero) ? structure.zero : {}, isCustom };
    roots.set(schema, root);
  }
  return root;
}

/** Schemas of custom resources leave out what every object has. */
function customRoot(structure: Structure): RootStructure {
  const text: Structure = { scalar: "string", zero: null };
  const always = [
    ["apiVersion", text],
    ["kind", text],
    ["metadata", structureOf(metadataSchema())],
  ] as const;
  const fields = new Map<string, Structure>([...(structure.map?.fields ?? []), ...always]);
  const map = { atomic: false, fields, elements: structure.map?.elements };
  return { structure: { map, zero: {} }, zero: {}, isCustom: true };
}
