import { goFields } from "./go-fields.ts";
import { type Schema, schemaOf } from "./schema.ts";

/** How Kubernetes calls the media type. */
export const protobufType = "application/vnd.kubernetes.protobuf";

/**
 * The JSON text of an object in Kubernetes' protobuf encoding, as Go clients send it. Which field has which number comes from
 * cluster/data/protobuf-1.34.json, what it holds from the published structure. Throws an Error where it is none, or of a kind
 * of which there are no numbers.
 */
export function jsonOfProtobuf(bytes: Buffer): string {
  if (bytes.subarray(0, magic.length).toString("latin1") !== magic) {
    throw new Error("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
  }
  const envelope = collect(bytes.subarray(magic.length));
  const type = collect(bytesOf(envelope.get(1)?.at(-1)));
  const apiVersion = textOf(type.get(1)?.at(-1));
  const kind = textOf(type.get(2)?.at(-1));
  const [version = "", group = ""] = apiVersion.split("/").toReversed();
  const schema = schemaOf(group, version, kind);
  // The schemas within a definition have forms of their own in protobuf, which are not read here.
  if (schema?.definition === undefined || !goFields(schema.definition) || group === "apiextensions.k8s.io") {
    throw new Error(`no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`);
  }
  const object = message(bytesOf(envelope.get(2)?.at(-1)), schema, schema.definition);
  return JSON.stringify({ kind, apiVersion, ...object });
}

const magic = "k8s\0";

/** A value on the wire: a number, or the bytes of a text, a message or packed numbers. */
type Wire = bigint | Buffer;

/** The values of a message by field number, in their order. */
function collect(bytes: Buffer): ReadonlyMap<number, readonly Wire[]> {
  const fields = new Map<number, Wire[]>();
  for (let at = 0; at < bytes.length;) {
    const [tag, start] = varint(bytes, at);
    const number = Number(tag >> 3n);
    let value: Wire;
    [value, at] = wireValue(bytes, start, Number(tag & 7n));
    const values = fields.get(number);
    if (values) values.push(value);
    else fields.set(number, [value]);
  }
  return fields;
}

function wireValue(bytes: Buffer, at: number, type: number): [Wire, number] {
  if (type === 0) return varint(bytes, at);
  const [length, start] = type === 2 ? varint(bytes, at) : [type === 1 ? 8n : 4n, at];
  const end = start + Number(length);
  if (end > bytes.length) throw new Error("unexpected EOF");
  if (type !== 1 && type !== 2 && type !== 5) throw new Error(`proto: illegal wireType ${type}`);
  return [bytes.subarray(start, end), end];
}

function varint(bytes: Buffer, start: number): [bigint, number] {
  let value = 0n;
  for (let at = start; at - start < 10; at += 1) {
    const byte = bytes[at];
    if (byte === undefined) throw new Error("unexpected EOF");
    value |= BigInt(byte & 0x7f) << BigInt(7 * (at - start));
    if (byte < 0x80) return [value, at + 1];
  }
  throw new Error("proto: integer overflow");
}

/** A message as its type's JSON: fields of `schema`, numbered as in `type`, which differs where a type stands in another's place. */
function message(bytes: Buffer, schema: Schema, type: string): Readonly<Record<string, unknown>> {
  const names = goFields(type) ?? [];
  const object: Record<string, unknown> = {};
  for (const [number, values] of collect(bytes)) {
    const written = names[number - 1] ?? "-";
    const name = written.replace(/^\?/, "");
    const last = values.at(-1);
    if (written.startsWith("...")) Object.assign(object, message(bytesOf(last), schema, written.slice(3)));
    const field = schema.property(name);
    const value = field && valueOf(values, field);
    // Go's encoder writes plain fields also when they are empty; in JSON those are absent.
    if (value !== undefined && (written !== name || !isEmpty(value))) object[name] = value;
  }
  return object;
}

function isEmpty(value: unknown): boolean {
  if (typeof value === "object") return value === null || Object.keys(value).length === 0;
  return value === "" || value === 0 || value === false;
}

function valueOf(values: readonly Wire[], field: Schema): unknown {
  const { items, additionalProperties } = field;
  if (items)
    return values
      .flatMap((value) => (isPacked(value, items) ? unpacked(value) : [value]))
      .map((value) => one(value, items));
  if (!additionalProperties) return one(values.at(-1), field);
  const entries = values.map((entry) => collect(bytesOf(entry)));
  return Object.fromEntries(
    entries.map((entry) => [textOf(entry.get(1)?.at(-1)), mapped(entry.get(2)?.at(-1), additionalProperties)]),
  );
}

/** The value of a map's entry; a list there is a message of its own. */
function mapped(value: Wire | undefined, field: Schema): unknown {
  return field.items ? valueOf(collect(bytesOf(value)).get(1) ?? [], field) : one(value, field);
}

function isPacked(value: Wire, items: Schema): value is Buffer {
  return (items.type === "integer" || items.type === "boolean") && typeof value !== "bigint";
}

function unpacked(bytes: Buffer): readonly bigint[] {
  const values: bigint[] = [];
  for (let at = 0; at < bytes.length;) {
    const [value, next] = varint(bytes, at);
    values.push(value);
    at = next;
  }
  return values;
}

function one(value: Wire | undefined, field: Schema): unknown {
  if (field.type === "integer") return Number(BigInt.asIntN(64, numberOf(value)));
  if (field.type === "boolean") return numberOf(value) !== 0n;
  if (field.type === "number") return bytesOf(value).length === 8 ? bytesOf(value).readDoubleLE() : 0;
  if (field.format === "byte") return bytesOf(value).toString("base64");
  if (field.format === "date-time") return timeOf(bytesOf(value), field.definition?.endsWith("MicroTime") === true);
  if (field.type === "string") return textOf(value);
  const parts = field.freeForm || field.type === undefined ? collect(bytesOf(value)) : undefined;
  if (parts && field.format === "int-or-string") {
    const isText = numberOf(parts.get(1)?.at(-1)) === 1n;
    return isText ? textOf(parts.get(3)?.at(-1)) : Number(BigInt.asIntN(32, numberOf(parts.get(2)?.at(-1))));
  }
  // What is free in form is JSON within protobuf; a quantity is its text.
  if (parts && field.freeForm) return JSON.parse(textOf(parts.get(1)?.at(-1)) || "{}") as unknown;
  if (parts) return textOf(parts.get(1)?.at(-1));
  return message(bytesOf(value), field, field.definition ?? "");
}

/** RFC 3339, or null for no time at all. */
function timeOf(bytes: Buffer, isMicro: boolean): string | null {
  const parts = collect(bytes);
  if (parts.size === 0) return null;
  const seconds = Number(BigInt.asIntN(64, numberOf(parts.get(1)?.at(-1))));
  const text = new Date(seconds * 1000).toISOString().slice(0, 19);
  const micros = String(numberOf(parts.get(2)?.at(-1)) / 1000n).padStart(6, "0");
  return isMicro ? `${text}.${micros}Z` : `${text}Z`;
}

function bytesOf(value: Wire | undefined): Buffer {
  return typeof value === "bigint" || value === undefined ? Buffer.alloc(0) : value;
}

function numberOf(value: Wire | undefined): bigint {
  return typeof value === "bigint" ? value : 0n;
}

function textOf(value: Wire | undefined): string {
  return bytesOf(value).toString("utf8");
}
