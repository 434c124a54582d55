import { z } from "zod";
import { fieldSpecSchema } from "./kustomization.ts";
import type { FieldSpec } from "./kustomization.ts";
import type { ReferenceField } from "./reference-fields.ts";

const fields = z.array(fieldSpecSchema).nullish();

/** What Plumbline understands of a file that `configurations` names: which fields of further kinds the steps change. */
export const configurationSchema = z.strictObject({
  nameReference: z
    .array(
      z.strictObject({
        kind: z.string(),
        group: z.string().optional(),
        version: z.string().optional(),
        fieldSpecs: z.array(fieldSpecSchema).nullish(),
      }),
    )
    .nullish(),
  namespace: fields,
  commonLabels: fields,
  labels: fields,
  templateLabels: fields,
  commonAnnotations: fields,
  images: fields,
  replicas: fields,
  // Where `vars` would be put, which are refused themselves.
  varReference: fields,
});

/** Fields besides those that are known. */
export interface Configuration {
  readonly references: readonly ReferenceField[];
  readonly namespace: readonly FieldSpec[];
  readonly commonLabels: readonly FieldSpec[];
  readonly labels: readonly FieldSpec[];
  readonly templateLabels: readonly FieldSpec[];
  readonly commonAnnotations: readonly FieldSpec[];
  readonly images: readonly FieldSpec[];
  readonly replicas: readonly FieldSpec[];
}

/** All of them together; what a base names holds above it as well. */
export function joinConfigurations(all: readonly Configuration[]): Configuration {
  return {
    references: all.flatMap((one) => one.references),
    namespace: all.flatMap((one) => one.namespace),
    commonLabels: all.flatMap((one) => one.commonLabels),
    labels: all.flatMap((one) => one.labels),
    templateLabels: all.flatMap((one) => one.templateLabels),
    commonAnnotations: all.flatMap((one) => one.commonAnnotations),
    images: all.flatMap((one) => one.images),
    replicas: all.flatMap((one) => one.replicas),
  };
}

/** How many fields it names. */
export function sizeOf(configuration: Configuration): number {
  return Object.values<readonly unknown[]>({ ...configuration }).reduce((size, list) => size + list.length, 0);
}

/** What one file says. */
export function toConfiguration(file: z.infer<typeof configurationSchema>): Configuration {
  const references = (file.nameReference ?? []).flatMap(({ kind, group, fieldSpecs }) =>
    (fieldSpecs ?? []).map((spec) => ({
      to: `${group === undefined || group === "" ? "*" : group}/${kind}`,
      in: spec.kind === undefined ? [] : [spec.kind],
      group: spec.group,
      version: spec.version,
      path: spec.path,
    })),
  );
  return {
    references,
    namespace: file.namespace ?? [],
    commonLabels: file.commonLabels ?? [],
    labels: file.labels ?? [],
    templateLabels: file.templateLabels ?? [],
    commonAnnotations: file.commonAnnotations ?? [],
    images: file.images ?? [],
    replicas: file.replicas ?? [],
  };
}
