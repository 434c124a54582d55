import { z } from "zod";

/** A mapping that takes the keys it names and no other; the refusal names those it takes. */
export function closed<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== "unrecognized_keys") return undefined;
      const keys = issue.keys.map((key) => JSON.stringify(key)).join(", ");
      return `unknown key ${keys}; known here: ${Object.keys(shape).join(", ")}`;
    },
  });
}
