import type { Cause } from "../refusal.ts";
import type { JsonMap } from "../stored-object.ts";

/** The field is missing. */
export function required(field: string, why?: string): Cause {
  return {
    reason: "FieldValueRequired",
    message: why === undefined ? "Required value" : `Required value: ${why}`,
    field,
  };
}

/** The field's value is not what it may be. */
export function invalidValue(field: string, value: unknown, why: string): Cause {
  return { reason: "FieldValueInvalid", message: `Invalid value: ${JSON.stringify(value ?? null)}: ${why}`, field };
}

/** The field's value is none of those that there are. */
export function notSupported(field: string, value: unknown, supported: readonly string[]): Cause {
  const list = supported.map((item) => JSON.stringify(item)).join(", ");
  const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${list}`;
  return { reason: "FieldValueNotSupported", message, field };
}

/** One of the values that there are, where there is one. */
export function oneOf(field: string, value: unknown, supported: readonly string[]): readonly Cause[] {
  const fits = value === undefined || (typeof value === "string" && supported.includes(value));
  return fits ? [] : [notSupported(field, value, supported)];
}

/** The value is there already. */
export function duplicate(field: string, value: unknown): Cause {
  return { reason: "FieldValueDuplicate", message: `Duplicate value: ${JSON.stringify(value)}`, field };
}

/** The field may not be set here. */
export function forbiddenField(field: string, why: string): Cause {
  return { reason: "FieldValueForbidden", message: `Forbidden: ${why}`, field };
}

/** A number of zero or more, where there is one. */
export function notNegative(field: string, value: unknown): readonly Cause[] {
  return typeof value === "number" && value < 0
    ? [invalidValue(field, value, "must be greater than or equal to 0")]
    : [];
}

/** A port number, where there is one. */
export function portNumber(field: string, value: unknown): readonly Cause[] {
  const fits = typeof value === "number" && value >= 1 && value <= 65_535;
  return value === undefined || fits ? [] : [invalidValue(field, value, "must be between 1 and 65535, inclusive")];
}

/** A text in an object, empty where there is none. */
export function textAt(object: JsonMap | undefined, key: string): string {
  const value = object?.[key];
  return typeof value === "string" ? value : "";
}

/** A map in an object, empty where there is none. */
export function mapAt(object: JsonMap | undefined, key: string): JsonMap {
  return (object?.[key] ?? {}) as JsonMap;
}

/** A list of maps in an object, empty where there is none. */
export function listAt(object: JsonMap | undefined, key: string): readonly JsonMap[] {
  return (object?.[key] ?? []) as readonly JsonMap[];
}
