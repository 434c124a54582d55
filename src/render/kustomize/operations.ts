import { applyPatch } from "rfc6902";
import { z } from "zod";
import type { Json, JsonObject } from "../../model/json.ts";
import type { Budget } from "./budget.ts";

/** A pointer by RFC 6901. The library that follows it passes over these three names, and would change another place. */
const pointer = z
  .string()
  .regex(/^(\/|$)/, "begins with /")
  .refine((path) => !/\/(__proto__|constructor|prototype)(\/|$)/.test(path), "names no member of that name");
const json = z.custom<Json>((value) => value !== undefined, "is missing");

/** One operation of RFC 6902. */
const operationSchema = z.discriminatedUnion("op", [
  z.object({ op: z.enum(["add", "replace", "test"]), path: pointer, value: json }),
  z.object({ op: z.enum(["move", "copy"]), path: pointer, from: pointer }),
  z.object({ op: z.literal("remove"), path: pointer }),
]);

/** The object after all operations; or a sentence, without a word of the object's or the patch's values, why one does not fit. */
export function operate(object: JsonObject, operations: readonly Json[], budget: Budget): JsonObject | string {
  // Places that one alias of YAML filled are one value until here; a change is meant for one of them.
  const changed = JSON.parse(JSON.stringify(object)) as JsonObject;
  for (const [index, value] of operations.entries()) {
    const parsed = operationSchema.safeParse(value);
    if (!parsed.success) return `operation ${index + 1} is none of RFC 6902`;
    const operation = parsed.data;
    const failed = applied(changed, operation);
    if (failed) return `operation ${index + 1} (${operation.op} ${operation.path.slice(0, 200)}) ${failed}`;
    // Each copy may double the object.
    if (operation.op === "copy") budget.weigh(changed);
  }
  return changed;
}

function applied(object: JsonObject, operation: z.infer<typeof operationSchema>): string | undefined {
  try {
    const [error] = applyPatch(object, [structuredClone(operation)]);
    if (!error) return undefined;
    return error.name === "TestError" ? "finds another value" : "finds nothing there";
  } catch {
    return "leads into a value that has no members";
  }
}
