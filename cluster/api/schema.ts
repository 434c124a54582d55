import { dataFile } from "./data-file.ts";

/** A JSON Schema as OpenAPI v3 writes it, with Kubernetes' extensions; `$ref` is a name in the same set of schemas. */
export interface RawSchema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly required?: readonly string[];
  readonly properties?: { readonly [name: string]: RawSchema };
  readonly additionalProperties?: RawSchema | boolean;
  readonly items?: RawSchema;
  readonly oneOf?: readonly RawSchema[];
  readonly "x-kubernetes-list-type"?: "atomic" | "set" | "map";
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-map-type"?: "atomic" | "granular";
  readonly "x-kubernetes-patch-merge-key"?: string;
  readonly "x-kubernetes-patch-strategy"?: string;
  readonly "x-kubernetes-group-version-kind"?: readonly { group: string; version: string; kind: string }[];
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-embedded-resource"?: boolean;
  /** Put in when a reference is resolved: the name that it had. */
  readonly "x-definition"?: string;
  readonly [keyword: string]: unknown;
}

/** The published definitions by name, as in `io.k8s.api.apps.v1.Deployment`. */
export type Definitions = { readonly [name: string]: RawSchema };

/** One place in the structure of a kind, with references resolved. Undefined means: Kubernetes does not say. */
export class Schema {
  /** The schema as written, with a reference replaced by what it refers to; keywords beside it win. */
  readonly raw: RawSchema;
  readonly #definitions: Definitions;
  readonly #children: Map<RawSchema, Schema>;

  constructor(raw: RawSchema, definitions: Definitions, children = new Map<RawSchema, Schema>()) {
    this.raw = resolve(raw, definitions);
    this.#definitions = definitions;
    this.#children = children;
  }

  /** The name of the definition that stands here, as in `io.k8s.api.core.v1.PodSpec`. */
  get definition(): string | undefined {
    return this.raw["x-definition"];
  }

  /** "object", "array", "string", "integer", "number" or "boolean"; undefined for int-or-string and quantities. */
  get type(): string | undefined {
    return this.raw.type;
  }

  get format(): string | undefined {
    return this.raw.format;
  }

  /** The published default. Go's zero values ("", 0, false, {}) are published for plain fields too, and never applied. */
  get default(): unknown {
    return this.raw.default;
  }

  get enum(): readonly unknown[] | undefined {
    return this.raw.enum;
  }

  get required(): readonly string[] {
    return this.raw.required ?? [];
  }

  get listType(): "atomic" | "set" | "map" | undefined {
    return this.raw["x-kubernetes-list-type"];
  }

  get listMapKeys(): readonly string[] | undefined {
    return this.raw["x-kubernetes-list-map-keys"];
  }

  get mapType(): "atomic" | "granular" | undefined {
    return this.raw["x-kubernetes-map-type"];
  }

  get patchMergeKey(): string | undefined {
    return this.raw["x-kubernetes-patch-merge-key"];
  }

  /** The strategies of a strategic merge patch: "merge", "replace", "retainKeys". */
  get patchStrategy(): readonly string[] {
    return this.raw["x-kubernetes-patch-strategy"]?.split(",") ?? [];
  }

  get propertyNames(): readonly string[] {
    return Object.keys(this.raw.properties ?? {});
  }

  /** The schema of a declared property; undefined when none of that name is declared. */
  property(name: string): Schema | undefined {
    const raw = this.raw.properties;
    return raw && Object.hasOwn(raw, name) ? this.#child(raw[name]) : undefined;
  }

  /** The schema of a map's values. */
  get additionalProperties(): Schema | undefined {
    const raw = this.raw.additionalProperties;
    return typeof raw === "object" ? this.#child(raw) : undefined;
  }

  /** The schema of a list's elements. */
  get items(): Schema | undefined {
    return this.#child(this.raw.items);
  }

  /** The schema of the value at `key` of an object or map: the declared property, else the values' schema. */
  field(key: string): Schema | undefined {
    return this.property(key) ?? this.additionalProperties;
  }

  /** True where anything may be written below: FieldsV1, raw extensions, preserved unknown fields. */
  get freeForm(): boolean {
    const { raw } = this;
    if (raw["x-kubernetes-preserve-unknown-fields"] || raw.additionalProperties === true) return true;
    const bare = !raw.properties && !raw.additionalProperties && !raw.items && !raw.oneOf;
    return bare && (raw.type === "object" || raw.type === undefined) && !raw["x-kubernetes-int-or-string"];
  }

  #child(raw: RawSchema | undefined): Schema | undefined {
    if (!raw) return undefined;
    let child = this.#children.get(raw);
    if (!child) {
      child = new Schema(raw, this.#definitions, this.#children);
      this.#children.set(raw, child);
    }
    return child;
  }
}

/** The definitions that come with this package, and their kinds by `group/version/Kind` (the core group is ""). */
interface Published {
  readonly definitions: Definitions;
  readonly nameByKind: ReadonlyMap<string, string>;
  readonly schemas: Map<string, Schema>;
  readonly children: Map<RawSchema, Schema>;
}

let published: Published | undefined;

function load(): Published {
  if (published) return published;
  const definitions = dataFile<Definitions>("schema-1.34.json");
  const nameByKind = new Map<string, string>();
  for (const [name, raw] of Object.entries(definitions)) {
    for (const kind of raw["x-kubernetes-group-version-kind"] ?? []) {
      nameByKind.set(`${kind.group}/${kind.version}/${kind.kind}`, name);
    }
  }
  published = { definitions, nameByKind, schemas: new Map(), children: new Map() };
  return published;
}

/** Every definition of Kubernetes 1.34 that this package carries. */
export function publishedDefinitions(): Definitions {
  return load().definitions;
}

/** The name of the definition of a kind, as in `io.k8s.api.core.v1.Pod`; undefined when it is not published. */
export function definitionName(group: string, version: string, kind: string): string | undefined {
  return load().nameByKind.get(`${group}/${version}/${kind}`);
}

/** The structure of a published kind; undefined for custom objects and unknown kinds. Shared: the same object each time. */
export function schemaOf(group: string, version: string, kind: string): Schema | undefined {
  const { definitions, schemas, children, nameByKind } = load();
  const name = nameByKind.get(`${group}/${version}/${kind}`);
  if (name === undefined) return undefined;
  let schema = schemas.get(name);
  if (!schema) {
    schema = new Schema({ $ref: name }, definitions, children);
    schemas.set(name, schema);
  }
  return schema;
}

/** The structure of an object's metadata, the same for every kind. */
export function metadataSchema(): Schema {
  const { definitions, children } = load();
  return new Schema({ $ref: "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" }, definitions, children);
}

function resolve(raw: RawSchema, definitions: Definitions): RawSchema {
  let resolved = raw;
  while (resolved.$ref !== undefined) {
    const { $ref, ...beside } = resolved;
    const target = definitions[$ref.replace("#/components/schemas/", "")];
    if (!target) throw new Error(`the schema refers to ${$ref}, which is not there`);
    resolved = { ...target, ...beside, "x-definition": $ref };
  }
  return resolved;
}
