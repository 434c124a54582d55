import { dataFile } from "./data-file.ts";

/** By type, the fields of its Go struct in the order of their protobuf numbers, as cluster/data/protobuf-1.34.json writes them. */
const lines = dataFile<Readonly<Record<string, string>>>("protobuf-1.34.json");
const split = new Map<string, readonly string[]>();

/**
 * The fields of a published type: `-` where a number is not used, `?` before a pointer, `...` before a type whose fields stand in
 * this one's place. Undefined for types that are not in the data.
 */
export function goFields(type: string): readonly string[] | undefined {
  const line = lines[type];
  if (line === undefined) return undefined;
  let fields = split.get(type);
  if (!fields) {
    fields = line.split(" ");
    split.set(type, fields);
  }
  return fields;
}

/** Whether Go tells this field's empty value from none, so that `0`, `""` and `false` are kept as they were sent. */
export function isPointer(type: string, field: string): boolean {
  const fields = goFields(type);
  if (!fields || fields.includes(`?${field}`)) return true;
  if (fields.includes(field)) return false;
  return fields.some((other) => other.startsWith("...") && isPointer(other.slice(3), field));
}
