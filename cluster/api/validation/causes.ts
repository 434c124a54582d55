import type { Cause } from "../refusal.ts";

/** How the message of each kind of cause begins; those with a colon go on with the value. */
const beginnings = {
  Required: "Required value",
  Invalid: "Invalid value: ",
  TypeInvalid: "Invalid value: ",
  NotSupported: "Unsupported value: ",
  Duplicate: "Duplicate value: ",
  NotFound: "Not found: ",
  Forbidden: "Forbidden",
  TooLong: "Too long",
  TooMany: "Too many: ",
} as const;

/** The kinds of causes, as their reasons name them after "FieldValue". */
export type CauseKind = keyof typeof beginnings;

/** One reason why an object is refused, in Kubernetes' words. */
export function causeOf(kind: CauseKind, field: string, value?: unknown, why = ""): Cause {
  const beginning = beginnings[kind];
  const shown = beginning.endsWith(" ") ? JSON.stringify(value ?? null) : "";
  return { reason: `FieldValue${kind}`, message: `${beginning}${shown}${why === "" ? "" : `: ${why}`}`, field };
}

/** The field is missing. */
export function required(field: string, why?: string): Cause {
  return causeOf("Required", field, undefined, why);
}

/** The field's value is not what it may be. */
export function invalidValue(field: string, value: unknown, why: string): Cause {
  return causeOf("Invalid", field, value, why);
}

/** The field's value is none of those that there are. */
export function notSupported(field: string, value: unknown, supported: readonly string[]): Cause {
  const list = supported.map((item) => JSON.stringify(item)).join(", ");
  return causeOf("NotSupported", field, value, `supported values: ${list}`);
}

/** The field may not be set here. */
export function forbiddenField(field: string, why: string): Cause {
  return causeOf("Forbidden", field, undefined, why);
}

/** A number of zero or more, where there is one. */
export function notNegative(field: string, value: unknown): readonly Cause[] {
  return typeof value === "number" && value < 0
    ? [invalidValue(field, value, "must be greater than or equal to 0")]
    : [];
}
