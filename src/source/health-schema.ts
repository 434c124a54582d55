import { z } from "zod";
import { parseExpression } from "../model/health-rule.ts";
import type { HealthRule } from "../model/health-rule.ts";
import { closed } from "./closed.ts";

const expression = z
  .string()
  .max(2000)
  .superRefine((text, context) => {
    try {
      parseExpression(text);
    } catch (error) {
      context.addIssue({ code: "custom", message: `is no condition in CEL: ${(error as Error).message}` });
    }
  });

/** Rules for the health of kinds, in CEL: `health` in delivery.yaml, and the file of `plumb health --rules`. */
export const healthSchema = z
  .array(
    closed({
      apiVersion: z.string().regex(/^([a-z0-9][-a-z0-9.]*\/)?v[a-z0-9]+$/, "must be group/version"),
      kind: z.string().regex(/^[A-Z][A-Za-z0-9]*$/, "must be a kind"),
      current: expression.describe("True when the object is as it was asked to be."),
      inProgress: expression.optional().describe("True while it is on its way; asked first."),
      failed: expression.optional().describe("True when it has failed; asked second."),
    }),
  )
  .max(100)
  .describe(
    "How the health of kinds is told, in CEL on the object's top-level members; goes before the built-in rules.",
  );

/** The rules that a parsed list holds. */
export function toHealthRules(parsed: z.infer<typeof healthSchema>): readonly HealthRule[] {
  return parsed.map(({ apiVersion, kind, current, inProgress, failed }) => ({
    apiVersion,
    kind,
    current,
    ...(inProgress === undefined ? {} : { inProgress }),
    ...(failed === undefined ? {} : { failed }),
  }));
}
