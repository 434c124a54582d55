import { dataFile } from "./data-file.ts";
import { canonicalQuantity } from "../quantity.ts";
import type { Schema } from "./schema.ts";
import type { JsonMap } from "./stored-object.ts";

/** A body as its kind's structure takes it, the fields it does not know, and the first value of a wrong type. */
export interface Decoded {
  readonly value: unknown;
  /** Paths such as `spec.template.spec.containers[0].bar`. */
  readonly unknown: readonly string[];
  readonly mistyped: Mistyped | undefined;
}

/** A value that its field cannot hold. */
export interface Mistyped {
  readonly path: string;
  /** What was given: "string", "number", "object", "array", "bool". */
  readonly given: string;
  /** What the field takes. */
  readonly wanted: string;
}

const quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity";

interface Findings {
  readonly unknown: string[];
  mistyped: Mistyped | undefined;
}

/**
 * Reads a value by its structure as Kubernetes' typed decoding does: unknown fields are left out and named, null is
 * absent, and empty values of fields that are not kept when empty are left out.
 */
export function decode(schema: Schema, value: unknown): Decoded {
  const findings: Findings = { unknown: [], mistyped: undefined };
  const decoded = walk(schema, value, "", findings);
  return { value: decoded, unknown: findings.unknown, mistyped: findings.mistyped };
}

function walk(schema: Schema, value: unknown, path: string, findings: Findings): unknown {
  if (schema.freeForm) return value;
  const mistyped = mismatch(schema, value);
  if (mistyped) {
    findings.mistyped ??= { path, ...mistyped };
    return value;
  }
  if (schema.definition === quantity)
    return canonicalQuantity(typeof value === "string" ? value : JSON.stringify(value));
  const { items } = schema;
  if (Array.isArray(value) && items) {
    return value.map((item, index) => walk(items, item ?? emptyOf(items), `${path}[${index}]`, findings));
  }
  return isMap(value) ? walkMap(schema, value, path, findings) : value;
}

function walkMap(schema: Schema, map: JsonMap, path: string, findings: Findings): JsonMap {
  const decoded: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(map)) {
    const at = path === "" ? key : `${path}.${key}`;
    const property = schema.property(key);
    const field = property ?? schema.additionalProperties;
    if (!field) findings.unknown.push(at);
    else if (value === null && !property && field.type === "string") decoded[key] = "";
    else if (value !== null && value !== undefined) {
      const inner = walk(field, value, at, findings);
      if (!property || !leftOut(schema, key, field, inner)) decoded[key] = inner;
    }
  }
  return schema.definition === undefined ? decoded : withAlways(schema.definition, decoded);
}

let always: Readonly<Record<string, JsonMap>> | undefined;

/** What Go's encoder writes although it is empty, by cluster/data/always.json: times and texts without omitempty. */
function withAlways(definition: string, decoded: JsonMap): JsonMap {
  always ??= dataFile<Readonly<Record<string, JsonMap>>>("always.json");
  const written = always[definition];
  if (!written) return decoded;
  const missing = Object.entries(written).filter(([key]) => decoded[key] === undefined);
  return missing.length === 0 ? decoded : { ...decoded, ...Object.fromEntries(missing) };
}

let pointers: ReadonlySet<string> | undefined;

/** True for what Go's encoder leaves out: empty lists, maps and plain values of optional fields. */
function leftOut(parent: Schema, key: string, field: Schema, value: unknown): boolean {
  if (parent.definition === undefined || parent.required.includes(key)) return false;
  if (Array.isArray(value)) return value.length === 0;
  if (isMap(value)) return field.additionalProperties !== undefined && Object.keys(value).length === 0;
  if (value !== "" && value !== 0 && value !== false) return false;
  pointers ??= new Set(dataFile<readonly string[]>("pointers.json"));
  if (parent.definition.endsWith("DeploymentStatus")) return key !== "collisionCount";
  if (parent.definition === "io.k8s.api.discovery.v1.EndpointPort") return false;
  return !pointers.has(key) && field.type !== undefined;
}

const jsonTypes: Readonly<Record<string, readonly string[]>> = {
  object: ["object"],
  array: ["array"],
  string: ["string"],
  boolean: ["bool"],
  integer: ["integer"],
  number: ["integer", "number"],
};

function mismatch(schema: Schema, value: unknown): Omit<Mistyped, "path"> | undefined {
  const given = nameOfType(value);
  const allowed = jsonTypes[schema.type ?? ""] ?? ["string", "integer", "number"];
  if (allowed.includes(given)) return undefined;
  return { given: given === "integer" ? "number" : given, wanted: schema.format ?? schema.type ?? "int-or-string" };
}

function nameOfType(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (Number.isInteger(value)) return "integer";
  return typeof value === "boolean" ? "bool" : typeof value;
}

function emptyOf(schema: Schema): unknown {
  if (schema.type === "object") return {};
  return schema.type === "array" ? [] : "";
}

function isMap(value: unknown): value is JsonMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
