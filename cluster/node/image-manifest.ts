import { z } from "zod";
import type { ImageConfig } from "./image-store.ts";

/** As many as runtimes take; each is unpacked over a copy of those below it. */
const mostLayers = 500;

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const blob = z.object({ mediaType: z.string(), digest, size: z.number().int().nonnegative() });
const platform = z.object({ os: z.string().optional(), architecture: z.string().optional() });

const indexSchema = z.object({
  manifests: z.array(z.object({ digest, platform: platform.nullish() })),
});

const manifestSchema = z.object({
  config: z.object({ digest }),
  layers: z.array(blob).max(mostLayers),
});

const texts = z.array(z.string()).nullish();
const configSchema = z.object({
  config: z
    .object({
      Env: texts,
      Entrypoint: texts,
      Cmd: texts,
      WorkingDir: z.string().nullish(),
      User: z.string().nullish(),
      StopSignal: z.string().nullish(),
    })
    .nullish(),
  rootfs: z.object({ diff_ids: z.array(z.string()).nullish() }).nullish(),
});

/** The manifest of one image. */
export type ImageManifest = z.infer<typeof manifestSchema>;

/** A manifest of an image or an index of several; throws for what is neither, whoever pushed it. */
export function parseManifest(value: unknown, digest: string): ImageManifest | z.infer<typeof indexSchema> {
  const isIndex = typeof value === "object" && value !== null && "manifests" in value;
  const what = `the manifest ${digest}`;
  return isIndex ? checked(indexSchema, value, what) : checked(manifestSchema, value, what);
}

/** What an image's configuration says of its containers, and the digests of the tars in its layers. */
export function parseImageConfig(
  value: unknown,
  digest: string,
): { readonly config: ImageConfig; readonly diffIds: readonly string[] } {
  const { config, rootfs } = checked(configSchema, value, `the image configuration ${digest}`);
  const said = Object.entries(config ?? {}).filter(([, member]) => member !== null && member !== undefined);
  return { config: Object.fromEntries(said), diffIds: rootfs?.diff_ids ?? [] };
}

function checked<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(
    `${what} is not as OCI has it: ${issue?.path.join(".") || "all of it"}: ${issue?.message ?? "wrong"}`,
  );
}
