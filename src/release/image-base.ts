import { z } from "zod";
import type { Registry } from "../io/registry/registry.ts";
import { ProblemError } from "../model/problem.ts";
import type { Base } from "./image.ts";

const descriptorSchema = z.object({ mediaType: z.string(), digest: z.string(), size: z.number() });
const manifestSchema = z.object({ config: descriptorSchema, layers: z.array(descriptorSchema) });
const indexSchema = z.object({
  manifests: z.array(
    descriptorSchema.extend({ platform: z.object({ os: z.string(), architecture: z.string() }).optional() }),
  ),
});
const configSchema = z.object({
  os: z.string(),
  architecture: z.string(),
  config: z.object({ Env: z.array(z.string()).nullish() }).nullish(),
  rootfs: z.object({ diff_ids: z.array(z.string()) }),
});

/** The platforms that images are made for where a base has several. */
const architectures = ["amd64", "arm64"];
const mostConfigBytes = 4 * 1024 * 1024;
/** Old names of what the image specification calls otherwise; a manifest of ours speaks one language. */
const layerTypes: { readonly [type: string]: string } = {
  "application/vnd.docker.image.rootfs.diff.tar": "application/vnd.oci.image.layer.v1.tar",
  "application/vnd.docker.image.rootfs.diff.tar.gzip": "application/vnd.oci.image.layer.v1.tar+gzip",
};

/** An image as a base; of an index, those for Linux on amd64 and arm64. Rejects with `ProblemError`. */
export async function imageBases(origin: Base["origin"], digest: string): Promise<readonly Base[]> {
  const content = json(await origin.registry.readManifest(origin.repository, digest));
  const index = indexSchema.safeParse(content);
  if (!index.success) return [await imageBase(origin, digest, content)];
  const wanted = index.data.manifests
    .filter(({ platform }) => platform?.os === "linux" && architectures.includes(platform.architecture))
    .toSorted((left, right) => ((left.platform?.architecture ?? "") < (right.platform?.architecture ?? "") ? -1 : 1));
  if (wanted.length === 0) throw unusable(origin, digest, "it is for none of linux/amd64 and linux/arm64");
  return Promise.all(
    wanted.map(async (child) => {
      const manifest = json(await origin.registry.readManifest(origin.repository, child.digest));
      return imageBase(origin, child.digest, manifest);
    }),
  );
}

async function imageBase(origin: Base["origin"], digest: string, content: unknown): Promise<Base> {
  const manifest = manifestSchema.safeParse(content);
  if (!manifest.success) throw unusable(origin, digest, "it is no image manifest");
  const { layers } = manifest.data;
  const config = configSchema.safeParse(json(await readConfig(origin.registry, origin.repository, manifest.data)));
  if (!config.success) throw unusable(origin, digest, "its configuration is not an image's");
  const { os, architecture, rootfs } = config.data;
  if (rootfs.diff_ids.length !== layers.length) {
    throw unusable(origin, digest, "its configuration and its manifest name different numbers of layers");
  }
  return {
    name: `${origin.repository}@${digest}`,
    digest,
    os,
    architecture,
    layers: layers.map((layer, at) => ({
      ...layer,
      mediaType: layerTypes[layer.mediaType] ?? layer.mediaType,
      diffId: rootfs.diff_ids[at] ?? layer.digest,
    })),
    env: config.data.config?.Env ?? [],
    origin,
    pushedBytes: 0,
  };
}

async function readConfig(
  registry: Registry,
  name: string,
  { config }: z.infer<typeof manifestSchema>,
): Promise<Buffer> {
  // A configuration of gigabytes is a mistake or an attack, and would be held in memory.
  if (config.size > mostConfigBytes) return Buffer.alloc(0);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of registry.readBlob(name, config.digest)) {
    size += chunk.length;
    if (size > mostConfigBytes) return Buffer.alloc(0);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function json(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString("utf8")) as unknown;
  } catch {
    return undefined;
  }
}

function unusable({ repository }: Base["origin"], digest: string, why: string): ProblemError {
  return new ProblemError({
    code: "base-unusable",
    message: `The base ${repository}@${digest} cannot be built upon: ${why}.`,
    where: { file: "release.yaml" },
    remedy: "Name the digest of an image's manifest, or of an index with one for linux/amd64 or linux/arm64.",
  });
}
