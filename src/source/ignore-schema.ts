import { z } from "zod";
import { parseField } from "../model/ignore-rule.ts";
import type { FieldSteps, IgnoreRule } from "../model/ignore-rule.ts";
import { closed } from "./closed.ts";

const field = z
  .string()
  .max(500)
  .superRefine((text, context) => {
    const steps = parseField(text);
    const message = steps
      ? forbidden(steps)
      : 'must be a field such as "/spec/replicas" or "spec.template.spec.containers[web].image", with items of lists by name';
    if (message !== undefined) context.addIssue({ code: "custom", message });
  });

/** What tells which object it is and whose can be left to nobody. */
function forbidden([first, second, key, ...more]: FieldSteps): string | undefined {
  if (first === "apiVersion" || first === "kind") return "is what the object is, and cannot be left to others";
  if (first === "status") return "is never Git's, so that there is nothing to leave";
  if (first !== "metadata" || second === "finalizers" || second === "ownerReferences") return undefined;
  const isKey = (second === "labels" || second === "annotations") && typeof key === "string" && more.length === 0;
  if (!isKey)
    return 'of metadata only one label or annotation, as metadata.annotations["x"], finalizers or ownerReferences can be left to others';
  return key.startsWith("plumbline.dev/") ? "is Plumbline's own, and cannot be left to others" : undefined;
}

/** `ignore` in delivery.yaml. */
export const ignoreSchema = z
  .array(
    closed({
      kind: z.string().regex(/^([a-z0-9][-a-z0-9.]*\/)?[A-Z][A-Za-z0-9]*$/, "must be Kind, or group/Kind"),
      name: z
        .string()
        .regex(/^[a-z0-9*][-a-z0-9.*]*$/, "must be a name, in which * stands for any text")
        .optional()
        .describe("Which objects of the kind; * stands for any text. Default all."),
      fields: z.array(field).min(1).max(50).describe("As records name them, or as JSON pointers."),
    }),
  )
  .max(100)
  .describe("Fields that are applied when the object is created, and are others' from then on.");

/** The rules that a parsed list holds; `file` is that of an application whose own they are. */
export function toIgnoreRules(parsed: z.infer<typeof ignoreSchema>, file?: string): readonly IgnoreRule[] {
  return parsed.map(({ kind, name = "*", fields }) => ({
    kind,
    name,
    fields: fields.map((text) => parseField(text) ?? []),
    ...(file === undefined ? {} : { where: { file } }),
  }));
}
