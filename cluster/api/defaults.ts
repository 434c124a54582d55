import type { KubeObject } from "../client.ts";
import { dataFile } from "./data-file.ts";
import { isMap, type JsonMap } from "./json.ts";
import type { Schema } from "./schema.ts";
import { evaluate, type Variables } from "./validation/cel.ts";

/** A default that depends on what else is there: a value or an expression in CEL, `when` something holds. */
interface Computed {
  readonly cel?: string;
  readonly value?: unknown;
  readonly when?: string;
  /** Also where the field is there already. */
  readonly always?: boolean;
}

/**
 * cluster/data/defaults.json: by type, the fields that Kubernetes fills in, in this order. The writer owns the `defaults`.
 * Nobody owns what admission adds: `unowned` to every object, `born` to a new one.
 */
const stages = dataFile<Readonly<Record<Stage, Readonly<Record<string, JsonMap>>>>>("defaults.json");
type Stage = "defaults" | "unowned" | "born";

/** Fills in what Kubernetes would: its own kinds by cluster/data/defaults.json, custom ones by their schema. */
export function withDefaults(schema: Schema | undefined, object: KubeObject): KubeObject {
  if (!schema) return object;
  // A kind whose spec is no pointer has one even where none was given.
  const isPlain = schema.definition !== undefined && schema.property("spec")?.default !== undefined;
  const whole = object["spec"] === undefined && isPlain ? { ...object, spec: {} } : object;
  return fill("defaults", schema, whole, whole.kind) as KubeObject;
}

/** Adds what admission adds, and to a new object also what it starts with. */
export function withAdmitted(schema: Schema | undefined, object: KubeObject, isNew: boolean): KubeObject {
  if (schema?.definition === undefined) return object;
  const born = isNew ? filled("born", schema.definition, object, object.kind) : object;
  return fill("unowned", schema, born, object.kind) as KubeObject;
}

function filled(stage: Stage, definition: string, given: JsonMap, kind: string): JsonMap {
  let object = given;
  for (const [key, rule] of Object.entries(stages[stage][definition] ?? {})) {
    const value = object[key];
    const next = isComputed(rule) ? computed(rule, { self: object, given, kind }, value) : (value ?? rule);
    if (next !== value && next !== undefined) object = { ...object, [key]: next };
  }
  return object;
}

function fill(stage: Stage, schema: Schema, value: unknown, kind: string): unknown {
  const { items, definition } = schema;
  if (Array.isArray(value)) {
    const next: unknown[] = items ? value.map((item: unknown) => fill(stage, items, item, kind)) : value;
    return next.every((item, index) => item === value[index]) ? value : next;
  }
  // Status and metadata are never defaulted; leaving them out keeps status updates cheap.
  if (!isMap(value) || schema.freeForm || /Status$|\.ObjectMeta$/.test(definition ?? "")) return value;
  let whole = definition === undefined ? withOwnDefaults(schema, value) : filled(stage, definition, value, kind);
  if (definition === "io.k8s.api.core.v1.Secret") whole = withoutStringData(whole);
  let changed: Record<string, unknown> | undefined;
  for (const [key, inner] of Object.entries(whole)) {
    const field = typeof inner === "object" && inner !== null ? schema.field(key) : undefined;
    const next = field ? fill(stage, field, inner, kind) : inner;
    if (next !== inner) (changed ??= { ...whole })[key] = next;
  }
  return changed ?? whole;
}

function isComputed(rule: unknown): rule is Computed {
  return isMap(rule) && ("cel" in rule || "when" in rule);
}

function computed({ cel, value, when, always }: Computed, variables: Variables, given: unknown): unknown {
  if (given !== undefined && always !== true) return given;
  if (when !== undefined && evaluate(when, variables) !== true) return given;
  return cel === undefined ? value : (evaluate(cel, variables) ?? given);
}

/** What the schema of a custom kind gives by itself. */
function withOwnDefaults(schema: Schema, value: JsonMap): JsonMap {
  const missing = schema.propertyNames.flatMap((name) => {
    const given = value[name] === undefined ? schema.property(name)?.default : undefined;
    return given === undefined || name === "metadata" ? [] : [[name, given] as const];
  });
  return missing.length === 0 ? value : { ...value, ...Object.fromEntries(missing) };
}

/** Plain texts are taken in place of encoded ones, and never given back. */
function withoutStringData({ stringData, ...secret }: JsonMap): JsonMap {
  if (!isMap(stringData)) return secret;
  const encoded = Object.entries(stringData).map(([key, text]) => [key, Buffer.from(String(text)).toString("base64")]);
  return { ...secret, data: { ...(secret["data"] as JsonMap | undefined), ...Object.fromEntries(encoded) } };
}
