import type { ApiError, KubeObject } from "../client.ts";
import { canonicalQuantity, parseQuantity } from "../quantity.ts";
import { dataFile } from "./data-file.ts";
import { isPointer } from "./go-fields.ts";
import { isMap, type JsonMap } from "./json.ts";
import { badRequest, invalidPatch } from "./refusal.ts";
import type { Resource } from "./resource-table.ts";
import type { Schema } from "./schema.ts";

/** What to do about unknown fields, and the patch that the body comes from, if any. */
interface BodyOptions {
  readonly fieldValidation?: "Strict" | "Warn" | "Ignore";
  readonly warn?: (text: string) => void;
  readonly patch?: (patched: object) => string;
  readonly mistakes?: readonly string[];
}

/** What is found on the way through a body: fields that nobody knows, and the first value that its field cannot hold. */
interface Findings {
  readonly unknown: string[];
  unfit?: string;
}

/**
 * A body as its kind takes it. Fields that the kind does not have are left out; Strict refuses them, Warn tells. A body
 * without kind or apiVersion is taken to be of the resource's.
 */
export function decodeBody(resource: Resource, body: KubeObject, options: BodyOptions): KubeObject {
  const { fieldValidation: validation = "Ignore", warn, patch } = options;
  const { kind, apiVersion, version, schema } = resource;
  const named: KubeObject = { ...body, kind, apiVersion, metadata: body.metadata ?? {} };
  if (!schema) return named;
  const findings: Findings = { unknown: [] };
  const value = walk(schema, named, "", kind, findings) as KubeObject;
  const handled = `${kind} in version "${version}" cannot be handled as a ${kind}`;
  const refuse = (why: string): ApiError =>
    patch === undefined ? badRequest(`${handled}: ${why}`) : invalidPatch(patch(body), why);
  // Custom objects are refused by their schema, with every cause.
  if (findings.unfit !== undefined && !resource.custom) throw refuse(findings.unfit);
  const mistakes = [...(options.mistakes ?? []), ...findings.unknown.map((path) => `unknown field "${path}"`)];
  if (mistakes.length > 0 && validation === "Strict") throw refuse(`strict decoding error: ${mistakes.join(", ")}`);
  // What is wrong with YAML is told line by line.
  const told = mistakes.flatMap((text) => text.replace("yaml: unmarshal errors:\n  ", "").split("\n  "));
  if (validation === "Warn") for (const text of told) warn?.(text);
  return withoutRepeatedOwners({ ...value, metadata: value.metadata ?? {} }, warn);
}

/** Of owners that are named twice the first stays, and the client is told. */
function withoutRepeatedOwners(object: KubeObject, warn: BodyOptions["warn"]): KubeObject {
  const owners = object.metadata.ownerReferences ?? [];
  const first = owners.filter(({ uid }, index) => owners.findIndex((other) => other.uid === uid) === index);
  if (first.length === owners.length) return object;
  const repeated = [...new Set(owners.filter((owner) => !first.includes(owner)).map(({ uid }) => uid))];
  warn?.(
    `.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${repeated.join(", ")}`,
  );
  return { ...object, metadata: { ...object.metadata, ownerReferences: first } };
}

/**
 * Reads a value by its structure as Kubernetes' typed decoding does: unknown fields are left out and named, null is
 * absent, and empty values of fields that are not kept when empty are left out. `owner` is the type that has the field.
 */
function walk(schema: Schema, value: unknown, path: string, owner: string, findings: Findings): unknown {
  if (schema.freeForm) return value;
  const mismatch = misfit(schema, value, owner, path);
  if (mismatch !== undefined) {
    findings.unfit ??= mismatch;
    return value;
  }
  if (schema.definition?.endsWith(".Quantity"))
    return canonicalQuantity(typeof value === "string" ? value : JSON.stringify(value));
  const { items } = schema;
  if (Array.isArray(value) && items) {
    const empty = items.type === "object" ? {} : items.type === "array" ? [] : "";
    return value.map((item, index) => walk(items, item ?? empty, `${path}[${index}]`, owner, findings));
  }
  return isMap(value) ? walkMap(schema, value, path, owner, findings) : value;
}

function walkMap(schema: Schema, map: JsonMap, path: string, owner: string, findings: Findings): JsonMap {
  const { definition } = schema;
  const decoded: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(map)) {
    const at = path === "" ? key : `${path}.${key}`;
    const property = schema.property(key);
    const field = property ?? schema.additionalProperties;
    if (!field) findings.unknown.push(at);
    else if (value === null && field.raw["nullable"] === true) decoded[key] = null;
    else if (value === null && !property && field.type === "string") decoded[key] = "";
    else if (value !== null && value !== undefined) {
      const inner = walk(field, value, property ? at : path, property ? (definition ?? owner) : owner, findings);
      if (!property || !leftOut(schema, key, field, inner)) decoded[key] = inner;
    }
  }
  return definition === undefined ? decoded : { ...missing(always[definition], decoded), ...decoded };
}

/** What Go's encoder writes although it is empty, by cluster/data/always.json: times and texts without omitempty. */
const always = dataFile<Readonly<Record<string, JsonMap>>>("always.json");

function missing(written: JsonMap | undefined, decoded: JsonMap): JsonMap {
  return Object.fromEntries(Object.entries(written ?? {}).filter(([key]) => decoded[key] === undefined));
}

/** True for what Go's encoder leaves out: empty lists, maps and plain values of optional fields. */
function leftOut({ definition, required }: Schema, key: string, field: Schema, value: unknown): boolean {
  if (definition === undefined || required.includes(key)) return false;
  // No owners at all is what a write may ask for.
  if (Array.isArray(value)) return value.length === 0 && key !== "managedFields";
  if (isMap(value)) return field.additionalProperties !== undefined && Object.keys(value).length === 0;
  if ((value !== "" && value !== 0 && value !== false) || field.type === undefined) return false;
  return !isPointer(definition, key);
}

const jsonTypes: Readonly<Record<string, readonly string[]>> = {
  object: ["object"],
  array: ["array"],
  string: ["string"],
  boolean: ["bool"],
  integer: ["integer"],
  number: ["integer", "number"],
};

/** Why a field cannot hold a value, in Go's words; undefined where it can. */
function misfit(schema: Schema, value: unknown, owner: string, path: string): string | undefined {
  const { type = "", format, definition = "" } = schema;
  const given = Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;
  const kind = Number.isInteger(value) ? "integer" : given;
  const fits = (jsonTypes[type] ?? ["string", "integer", "number"]).includes(kind);
  const isTooLarge = format === "int32" && Math.abs(Number(value)) > 2 ** 31;
  if (!fits || isTooLarge) {
    const shown = given === "number" && type === "integer" ? `number ${String(value)}` : given;
    const field = `${owner.split(".").at(-1) ?? ""}.${path.replaceAll(/\[\d+\]/g, "")}`;
    return `json: cannot unmarshal ${shown} into Go struct field ${field} of type ${goType(schema)}`;
  }
  if (definition.endsWith(".Quantity") && Number.isNaN(parseQuantity(value as string))) {
    return "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
  }
  if (typeof value !== "string") return undefined;
  if (format === "byte") return base64Problem(value);
  return definition.endsWith("Time") ? timeProblem(value, definition.endsWith("MicroTime")) : undefined;
}

function goType({ type, format, definition, items, additionalProperties }: Schema): string {
  if (items) return `[]${goType(items)}`;
  if (additionalProperties) return `map[string]${goType(additionalProperties)}`;
  if (definition !== undefined && type === "object") return definition.split(".").slice(-2).join(".");
  if (type === undefined) return "int32";
  return type === "boolean" ? "bool" : (format ?? type);
}

function base64Problem(text: string): string | undefined {
  const bare = text.replaceAll(/[\r\n]/g, "");
  const at = bare.search(/[^A-Za-z0-9+/=]/);
  if (at >= 0) return `illegal base64 data at input byte ${at}`;
  return bare.length % 4 === 0 ? undefined : `illegal base64 data at input byte ${bare.length - (bare.length % 4)}`;
}

const timeParts = ["2006", "-", "01", "-", "02", "T", "15", ":", "04", ":", "05"];

/** Why a text is no time, as Go's parser says it: the first part of the layout that does not come. */
function timeProblem(text: string, isMicro: boolean): string | undefined {
  const layout = [...timeParts, ...(isMicro ? [".000000"] : []), "Z07:00"];
  let rest = text;
  for (const part of layout) {
    const form = part === "Z07:00" ? /^(\.\d+)?(Z|[+-]\d\d:\d\d)$/ : new RegExp(`^${part.replaceAll(/\d/g, "\\d")}`);
    const [found] = form.exec(rest) ?? [];
    if (found === undefined) {
      const asked = `parsing time ${JSON.stringify(text)} as ${JSON.stringify(layout.join(""))}`;
      return `${asked}: cannot parse ${JSON.stringify(rest)} as ${JSON.stringify(part)}`;
    }
    rest = rest.slice(found.length);
  }
  return undefined;
}
