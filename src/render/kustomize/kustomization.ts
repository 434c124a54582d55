import { z } from "zod";

/** Text of one line that stands for itself; numbers must be quoted, as kustomize wants it. */
const pairs = z.record(z.string(), z.string());

/** Which objects a patch or a replacement is for: every part that is given must fit; names are regular expressions. */
const selectorSchema = z.strictObject({
  group: z.string().optional(),
  version: z.string().optional(),
  kind: z.string().optional(),
  name: z.string().optional(),
  namespace: z.string().optional(),
  labelSelector: z.string().optional(),
  annotationSelector: z.string().optional(),
});

/** A field of some kinds, as kustomizations and configurations name it. */
export const fieldSpecSchema = z.strictObject({
  path: z.string(),
  group: z.string().optional(),
  version: z.string().optional(),
  kind: z.string().optional(),
  create: z.boolean().optional(),
});

const generatorOptionsSchema = z.strictObject({
  labels: pairs.optional(),
  annotations: pairs.optional(),
  disableNameSuffixHash: z.boolean().optional(),
  immutable: z.boolean().optional(),
});

const generatorSchema = z.strictObject({
  name: z.string(),
  namespace: z.string().optional(),
  behavior: z.enum(["create", "merge", "replace", "unspecified", ""]).optional(),
  literals: z.array(z.string()).optional(),
  files: z.array(z.string()).optional(),
  envs: z.array(z.string()).optional(),
  env: z.string().optional(),
  options: generatorOptionsSchema.optional(),
});

const patchSchema = z.strictObject({
  path: z.string().optional(),
  patch: z.string().optional(),
  target: selectorSchema.optional(),
  options: z
    .strictObject({ allowNameChange: z.boolean().optional(), allowKindChange: z.boolean().optional() })
    .optional(),
});

const fieldOptionsSchema = z.strictObject({
  delimiter: z.string().optional(),
  index: z.number().int().optional(),
  create: z.boolean().optional(),
});

const ownReplacementSchema = z.strictObject({
  source: selectorSchema
    .omit({ labelSelector: true, annotationSelector: true })
    .extend({ fieldPath: z.string().optional(), options: fieldOptionsSchema.optional() })
    .optional(),
  sourceValue: z.string().optional(),
  targets: z.array(
    z.strictObject({
      select: selectorSchema,
      reject: z.array(selectorSchema).optional(),
      fieldPaths: z.array(z.string()).optional(),
      options: fieldOptionsSchema.optional(),
    }),
  ),
});

/** A file that `replacements` names: one of them, or a list. */
export const replacementsSchema = z.union([
  z.array(ownReplacementSchema),
  ownReplacementSchema.transform((one) => [one]),
]);

/** A key without a value is one that is not there. */
const text = z
  .string()
  .nullish()
  .transform((said) => said ?? undefined);

/** What is not understood may be there as long as it says nothing: scaffolds leave the keys, and comments below them. */
const notTaken = z
  .array(z.unknown())
  .max(0, { error: "this key is not supported, and never left out silently" })
  .nullish();

/** What Plumbline understands of a kustomization.yaml; any other key is refused by its name, never left out silently. */
export const kustomizationSchema = z.strictObject({
  apiVersion: z
    .enum(["kustomize.config.k8s.io/v1beta1", "kustomize.config.k8s.io/v1", "kustomize.config.k8s.io/v1alpha1"])
    .optional(),
  kind: z.enum(["Kustomization", "Component"]).optional(),
  metadata: z.looseObject({}).optional(),
  resources: z.array(z.string()).nullish(),
  bases: z.array(z.string()).nullish(),
  components: z.array(z.string()).nullish(),
  namespace: text,
  namePrefix: text,
  nameSuffix: text,
  commonLabels: pairs.nullish(),
  labels: z
    .array(
      z.strictObject({
        pairs: pairs.optional(),
        includeSelectors: z.boolean().optional(),
        includeTemplates: z.boolean().optional(),
        fields: z.array(fieldSpecSchema).optional(),
      }),
    )
    .nullish(),
  commonAnnotations: pairs.nullish(),
  images: z
    .array(
      z.strictObject({
        name: z.string(),
        newName: z.string().optional(),
        newTag: z.string().optional(),
        digest: z.string().optional(),
      }),
    )
    .nullish(),
  replicas: z.array(z.strictObject({ name: z.string(), count: z.number().int().min(0) })).nullish(),
  patches: z.array(patchSchema).nullish(),
  patchesStrategicMerge: z.array(z.string()).nullish(),
  patchesJson6902: z.array(patchSchema).nullish(),
  configMapGenerator: z.array(generatorSchema).nullish(),
  secretGenerator: z.array(generatorSchema.extend({ type: z.string().optional() })).nullish(),
  generatorOptions: generatorOptionsSchema.nullish(),
  replacements: z.array(z.union([z.strictObject({ path: z.string() }), ownReplacementSchema])).nullish(),
  configurations: z.array(z.string()).nullish(),
  vars: notTaken,
  crds: notTaken,
  generators: notTaken,
  transformers: notTaken,
  validators: notTaken,
  helmCharts: notTaken,
  buildMetadata: notTaken,
  // The order of what comes out is Plumbline's own, whatever a kustomization says of it.
  sortOptions: z.looseObject({}).optional(),
});

/** One kustomization.yaml, as it stands in a directory. */
export type Kustomization = z.infer<typeof kustomizationSchema>;
/** Which objects something is for; every part that is given must fit. */
export type Selector = z.infer<typeof selectorSchema>;
/** A field of some kinds, by its path, `spec/template/metadata`. */
export type FieldSpec = z.infer<typeof fieldSpecSchema>;
/** A ConfigMap or Secret that is made of files and literals. */
export type Generator = z.infer<typeof generatorSchema> & { readonly type?: string | undefined };
/** What generated objects have besides their content. */
export type GeneratorOptions = z.infer<typeof generatorOptionsSchema>;
/** A patch, by a file or by its text, and what it is for. */
export type PatchSpec = z.infer<typeof patchSchema>;
/** Another name, tag or digest for an image. */
export type ImageChange = NonNullable<Kustomization["images"]>[number];
/** A value of one object, and the fields of others that it is copied into. */
export type Replacement = z.infer<typeof ownReplacementSchema>;
