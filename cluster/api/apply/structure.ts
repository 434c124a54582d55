import { isObject, type Json, type JsonObject } from "./json.ts";

/** What scalars a field takes; `untyped` is any (int-or-string, quantities). */
export type ScalarKind = "string" | "numeric" | "boolean" | "untyped";

/** A list: owned as a whole (`atomic`), by value (`set`) or by item (`map`, whose keys are sorted). */
export interface ListStructure {
  readonly relation: "atomic" | "set" | "map";
  readonly keys: readonly string[];
  readonly keyDefaults: ReadonlyMap<string, Json>;
  readonly element: Structure;
}

/** An object: named fields, and what any other key holds (`undefined`: other keys are not allowed). */
export interface MapStructure {
  readonly atomic: boolean;
  readonly fields: ReadonlyMap<string, Structure>;
  readonly elements: Structure | undefined;
}

/** What merging must know of a schema: the forms that a value may take and how each is owned. */
export interface Structure {
  readonly scalar?: ScalarKind | undefined;
  readonly list?: ListStructure | undefined;
  readonly map?: MapStructure | undefined;
  /** What a typed object of this schema holds before anything is set, as Go's zero value is encoded. */
  readonly zero: Json;
}

/** What structures are made from: one place of a kind's schema, references resolved. `Schema` of the API server is one. */
export interface SchemaNode {
  readonly type: string | undefined;
  readonly default: unknown;
  readonly required: readonly string[];
  readonly listType: "atomic" | "set" | "map" | undefined;
  readonly listMapKeys: readonly string[] | undefined;
  readonly mapType: "atomic" | "granular" | undefined;
  readonly patchMergeKey: string | undefined;
  readonly patchStrategy: readonly string[];
  readonly propertyNames: readonly string[];
  readonly additionalProperties: SchemaNode | undefined;
  readonly items: SchemaNode | undefined;
  readonly freeForm: boolean;
  property(name: string): SchemaNode | undefined;
}

/** A structure that is made at first use, so that schemas may refer to themselves. */
class LazyStructure implements Structure {
  readonly #make: () => Structure;
  #made: Structure | undefined;

  constructor(make: () => Structure) {
    this.#make = make;
  }

  get #structure(): Structure {
    this.#made ??= this.#make();
    return this.#made;
  }

  get scalar(): ScalarKind | undefined {
    return this.#structure.scalar;
  }

  get list(): ListStructure | undefined {
    return this.#structure.list;
  }

  get map(): MapStructure | undefined {
    return this.#structure.map;
  }

  get zero(): Json {
    return this.#structure.zero;
  }
}

/** Any value below an atomic one. */
const untypedAtomic: Structure = new LazyStructure(() => ({
  scalar: "untyped",
  list: { relation: "atomic", keys: [], keyDefaults: new Map(), element: untypedAtomic },
  map: { atomic: true, fields: new Map(), elements: untypedAtomic },
  zero: {},
}));

/** A value without schema: objects by key, lists as a whole. */
export const deduced: Structure = new LazyStructure(() => ({
  scalar: "untyped",
  list: { relation: "atomic", keys: [], keyDefaults: new Map(), element: untypedAtomic },
  map: { atomic: false, fields: new Map(), elements: deduced },
  zero: {},
}));

const known = new WeakMap<SchemaNode, Structure>();

/** The structure of a schema; made once for each schema object. Without a schema it is deduced from the values. */
export function structureOf(schema: SchemaNode | undefined): Structure {
  if (schema === undefined) return deduced;
  const before = known.get(schema);
  if (before !== undefined) return before;
  const structure = new LazyStructure(() => build(schema));
  known.set(schema, structure);
  return structure;
}

function build(schema: SchemaNode): Structure {
  const { type } = schema;
  if (type === "array") return { list: buildList(schema), zero: null };
  if (type === "string") return { scalar: "string", zero: null };
  if (type === "integer" || type === "number") return { scalar: "numeric", zero: null };
  if (type === "boolean") return { scalar: "boolean", zero: null };
  return buildMap(schema);
}

function buildMap(schema: SchemaNode): Structure {
  const { propertyNames, additionalProperties } = schema;
  if (propertyNames.length === 0 && additionalProperties === undefined) {
    if (schema.freeForm) return deduced;
    // Quantities and int-or-string have no type of their own.
    if (schema.type === undefined) return { scalar: "untyped", zero: null };
  }
  const fields = new Map(propertyNames.map((name) => [name, structureOf(schema.property(name))]));
  const elements = additionalProperties === undefined ? undefined : structureOf(additionalProperties);
  const map = {
    atomic: schema.mapType === "atomic",
    fields,
    elements: elements ?? (schema.freeForm ? deduced : undefined),
  };
  return new LazyStructure(() => ({ map, zero: zeroOf(schema, fields) }));
}

/** Go writes fields that are neither pointers nor omitempty: structs by value (a default of {}) and required ones. */
function zeroOf(schema: SchemaNode, fields: ReadonlyMap<string, Structure>): JsonObject {
  const zero: Record<string, Json> = {};
  for (const [name, field] of fields) {
    const value = schema.property(name)?.default as Json | undefined;
    const isStruct = isObject(value) && Object.keys(value).length === 0;
    if (isStruct) zero[name] = field.zero;
    else if (schema.required.includes(name)) zero[name] = value ?? null;
  }
  return zero;
}

function buildList(schema: SchemaNode): ListStructure {
  const { items, patchMergeKey, listMapKeys } = schema;
  const relation = relationOf(schema);
  const declared = listMapKeys ?? (patchMergeKey === undefined ? [] : [patchMergeKey]);
  const keys = relation === "map" ? declared.toSorted() : [];
  const keyDefaults = new Map<string, Json>();
  for (const key of keys) {
    const value = items?.property(key)?.default as Json | undefined;
    if (value !== undefined) keyDefaults.set(key, value);
  }
  return { relation, keys, keyDefaults, element: structureOf(items) };
}

function relationOf(schema: SchemaNode): ListStructure["relation"] {
  if (schema.listType !== undefined) return schema.listType;
  // Before list types there were only patch strategies; Kubernetes still honours them where no type is given.
  if (!schema.patchStrategy.includes("merge")) return "atomic";
  return schema.patchMergeKey === undefined ? "set" : "map";
}
