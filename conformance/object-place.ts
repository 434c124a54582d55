import type { Answered, At } from "./api.ts";

/** Where an object of a manifest belongs; good for kinds whose plural is regular. */
export function atOf({ apiVersion, kind, metadata: { namespace } }: Answered): At {
  const singular = String(kind).toLowerCase();
  const plural = singular.endsWith("y")
    ? `${singular.slice(0, -1)}ies`
    : `${singular}${/(s|x)$/.test(singular) ? "es" : "s"}`;
  return { apiVersion, plural, ...(namespace === undefined ? {} : { namespace }) };
}
