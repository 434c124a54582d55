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
  readonly "x-kubernetes-list-type"?: "atomic" | "set" | "map";
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-map-type"?: "atomic" | "granular";
  readonly "x-kubernetes-patch-merge-key"?: string;
  readonly "x-kubernetes-patch-strategy"?: string;
  readonly "x-kubernetes-group-version-kind"?: readonly { group: string; version: string; kind: string }[];
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
  /** The name of the definition that stands here, as in `io.k8s.api.core.v1.PodSpec`. */
  readonly definition: string | undefined;
  /** "object", "array", "string", "integer", "number" or "boolean"; undefined for int-or-string and quantities. */
  readonly type: string | undefined;
  readonly format: string | undefined;
  /** The published default. Go's zero values ("", 0, false, {}) are published for plain fields too, and never applied. */
  readonly default: unknown;
  readonly enum: readonly unknown[] | undefined;
  readonly required: readonly string[];
  readonly propertyNames: readonly string[];
  readonly listType: "atomic" | "set" | "map" | undefined;
  readonly listMapKeys: readonly string[] | undefined;
  readonly mapType: "atomic" | "granular" | undefined;
  readonly patchMergeKey: string | undefined;
  /** The strategies of a strategic merge patch: "merge", "replace", "retainKeys". */
  readonly patchStrategy: readonly string[];
  /** True where anything may be written below: FieldsV1, raw extensions, preserved unknown fields. */
  readonly freeForm: boolean;
  readonly #definitions: Definitions;
  readonly #children: Map<RawSchema, Schema>;

  constructor(written: RawSchema, definitions: Definitions, children = new Map<RawSchema, Schema>()) {
    const raw = resolve(written, definitions);
    this.raw = raw;
    this.definition = raw["x-definition"];
    this.type = raw.type;
    this.format = raw.format;
    this.default = raw.default;
    this.enum = raw.enum;
    this.required = raw.required ?? [];
    this.propertyNames = Object.keys(raw.properties ?? {});
    this.listType = raw["x-kubernetes-list-type"];
    this.listMapKeys = raw["x-kubernetes-list-map-keys"];
    this.mapType = raw["x-kubernetes-map-type"];
    this.patchMergeKey = raw["x-kubernetes-patch-merge-key"];
    this.patchStrategy = raw["x-kubernetes-patch-strategy"]?.split(",") ?? [];
    this.freeForm = isFreeForm(raw);
    this.#definitions = definitions;
    this.#children = children;
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

  #child(raw: RawSchema | undefined): Schema | undefined {
    if (!raw) return undefined;
    let child = this.#children.get(raw);
    if (!child) this.#children.set(raw, (child = new Schema(raw, this.#definitions, this.#children)));
    return child;
  }
}

function isFreeForm(raw: RawSchema): boolean {
  if (raw["x-kubernetes-preserve-unknown-fields"] || raw.additionalProperties === true) return true;
  const isBare = !raw.properties && !raw.additionalProperties && !raw.items && !raw["oneOf"];
  return isBare && (raw.type === "object" || raw.type === undefined) && !raw["x-kubernetes-int-or-string"];
}

function resolve(raw: RawSchema, definitions: Definitions): RawSchema {
  if (raw.$ref === undefined) return raw;
  const { $ref, ...beside } = raw;
  const target = definitions[$ref.replace("#/components/schemas/", "")];
  if (!target) throw new Error(`the schema refers to ${$ref}, which is not there`);
  return resolve({ ...target, ...beside, "x-definition": $ref }, definitions);
}

/** Every definition of Kubernetes 1.34 that this package carries. */
export const publishedDefinitions = dataFile<Definitions>("schema-1.34.json");

const shared = new Map<RawSchema, Schema>();
const nameByKind = new Map(
  Object.entries(publishedDefinitions).flatMap(([name, raw]) =>
    (raw["x-kubernetes-group-version-kind"] ?? []).map((kind) => [`${kind.group}/${kind.version}/${kind.kind}`, name]),
  ),
);

/** The name of the definition of a kind, as in `io.k8s.api.core.v1.Pod`; undefined when it is not published. */
export function definitionName(group: string, version: string, kind: string): string | undefined {
  return nameByKind.get(`${group}/${version}/${kind}`);
}

/** The structure of a published kind; undefined for custom objects and unknown kinds. */
export function schemaOf(group: string, version: string, kind: string): Schema | undefined {
  const name = definitionName(group, version, kind);
  return name === undefined ? undefined : new Schema({ $ref: name }, publishedDefinitions, shared);
}

/** The structure of an object's metadata, the same for every kind. */
export const metadataSchema = new Schema(
  { $ref: "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" },
  publishedDefinitions,
  shared,
);
