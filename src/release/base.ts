import type { Cache, Files } from "../io/files/files.ts";
import type { HostProgram, HostRuntime } from "../io/files/host-runtime.ts";
import type { Registry } from "../io/registry/registry.ts";
import { ProblemError } from "../model/problem.ts";
import { parseReference } from "../pins/reference.ts";
import { createHash } from "node:crypto";
import { z } from "zod";
import { layerSchema, mediaTypes, type Base, type Layer } from "./image.ts";
import { tarLayer, type LayerEntry } from "./tar-layer.ts";

interface BaseDoors {
  readonly registry: Registry;
  readonly cache: Cache;
  readonly files: Files;
  readonly hostRuntime: (programs: readonly HostProgram[]) => Promise<HostRuntime>;
}

/**
 * What release.yaml's `base` names: `node` (or `host`) is the Node of this machine, `node+git` its git as well, laid out once
 * per registry; `name@sha256:…` is an image of the same registry. `repository` is where the new image goes.
 */
export async function resolveBase(doors: BaseDoors, base: string, repository: string): Promise<Base> {
  const programs = hostBases[base];
  if (programs) return hostBase(doors, repository, programs);
  const { name, digest } = parseReference(base) ?? {};
  if (name !== undefined && digest !== undefined) return imageBase(doors.registry, name, digest);
  throw new ProblemError({
    code: "base-unpinned",
    message: `The base "${base}" does not say which image it is: a tag can be moved, a digest cannot.`,
    where: { file: "release.yaml" },
    remedy: "Write node (or node+git) for this machine's own, or name@sha256:… for an image of the same registry.",
  });
}

const hostBases: { readonly [base: string]: readonly HostProgram[] } = {
  node: ["node"],
  host: ["node"],
  "node+git": ["node", "git"],
};

async function hostBase(
  { registry, cache, files, hostRuntime }: BaseDoors,
  repository: string,
  programs: readonly HostProgram[],
): Promise<Base> {
  const runtime = await hostRuntime(programs);
  const contents = await Promise.all(
    runtime.files.map(async ({ path, source }) => ({ path, source, ...(await measure(files, source)) })),
  );
  const identity = contents
    .map(({ path, digest }) => `${digest} ${path}\n`)
    .toSorted()
    .join("");
  const key = `node-base 1 ${createHash("sha256").update(identity).digest("hex")}`;
  const known = layerSchema.safeParse(await cache.get(key));
  const base = {
    name: `${programs.join("+")} ${runtime.version} (${runtime.os}/${runtime.architecture})`,
    os: runtime.os,
    architecture: runtime.architecture,
    env: [],
  };
  if (known.success && (await registry.hasBlob(repository, known.data.digest))) {
    return { ...base, layers: [known.data], pushedBytes: 0 };
  }
  const entries = contents.map(({ path, source, size }): LayerEntry => {
    return { kind: "file", path, size, executable: true, content: () => files.read(source) };
  });
  const { layer, pushedBytes } = await putLayer(registry, repository, entries);
  await cache.put(key, layer);
  return { ...base, layers: [layer], pushedBytes };
}

async function measure(files: Files, path: string): Promise<{ readonly digest: string; readonly size: number }> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of files.read(path)) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { digest: hash.digest("hex"), size };
}

/** Lays out entries as a layer and stores it. */
export async function putLayer(
  registry: Registry,
  repository: string,
  entries: readonly LayerEntry[],
): Promise<{ readonly layer: Layer; readonly pushedBytes: number }> {
  const { digest, size, pushedBytes } = await registry.putBlob(repository, () => tarLayer(entries));
  return { layer: { mediaType: mediaTypes.layer, digest, size, diffId: digest }, pushedBytes };
}

const descriptorSchema = z.object({ mediaType: z.string(), digest: z.string(), size: z.number() });
const manifestSchema = z.object({ config: descriptorSchema, layers: z.array(descriptorSchema) });
const configSchema = z.object({
  os: z.string(),
  architecture: z.string(),
  config: z.object({ Env: z.array(z.string()).nullish() }).nullish(),
  rootfs: z.object({ diff_ids: z.array(z.string()) }),
});

async function imageBase(registry: Registry, name: string, digest: string): Promise<Base> {
  const manifest = manifestSchema.safeParse(json(await registry.readManifest(name, digest)));
  if (!manifest.success) throw unusable(name, digest, "it is no image manifest; an index must be named by platform");
  const config = configSchema.safeParse(json(await readConfig(registry, name, manifest.data.config.digest)));
  if (!config.success) throw unusable(name, digest, "its configuration is not an image's");
  const { os, architecture, rootfs } = config.data;
  if (rootfs.diff_ids.length !== manifest.data.layers.length) {
    throw unusable(name, digest, "its configuration and its manifest name different numbers of layers");
  }
  return {
    name: `${name}@${digest}`,
    os,
    architecture,
    layers: manifest.data.layers.map((layer, index) => ({ ...layer, diffId: rootfs.diff_ids[index] ?? layer.digest })),
    env: config.data.config?.Env ?? [],
    pushedBytes: 0,
  };
}

async function readConfig(registry: Registry, name: string, digest: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of registry.readBlob(name, digest)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function json(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString("utf8")) as unknown;
  } catch {
    return undefined;
  }
}

function unusable(name: string, digest: string, why: string): ProblemError {
  return new ProblemError({
    code: "base-unusable",
    message: `The base ${name}@${digest} cannot be built upon: ${why}.`,
    where: { file: "release.yaml" },
    remedy: "Name the digest of an image manifest for one platform.",
  });
}
