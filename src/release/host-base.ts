import { createHash } from "node:crypto";
import type { Cache, Files } from "../io/files/files.ts";
import type { HostProgram, HostRuntime } from "../io/files/host-runtime.ts";
import type { Registry } from "../io/registry/registry.ts";
import { once } from "./attach.ts";
import { layerSchema, type Base } from "./image.ts";
import { putLayer } from "./put-layer.ts";
import type { LayerEntry } from "./tar-layer.ts";

/** What laying out this machine's programs goes through. */
export interface HostBaseDoors {
  readonly registry: Registry;
  readonly cache: Cache;
  readonly files: Files;
  readonly hostRuntime: (programs: readonly HostProgram[]) => Promise<HostRuntime>;
}

/**
 * The programs of this machine as a base, laid out once per registry: nothing is said of it by a digest of its own.
 */
export async function hostBase(
  { registry, cache, files, hostRuntime }: HostBaseDoors,
  repository: string,
  programs: readonly HostProgram[],
): Promise<Base> {
  const runtime = await hostRuntime(programs);
  const contents = await Promise.all(
    runtime.files.map(async (file) => {
      const open = (): AsyncIterable<Uint8Array> =>
        "text" in file ? once(Buffer.from(file.text)) : files.read(file.source);
      return { path: file.path, open, ...(await measure(open())) };
    }),
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
    digest: undefined,
    env: [],
    origin: { registry, repository },
  };
  if (known.success && (await registry.hasBlob(repository, known.data.digest))) {
    return { ...base, layers: [known.data], pushedBytes: 0 };
  }
  const entries = contents.map(({ path, open, size }): LayerEntry => {
    return { kind: "file", path, size, executable: true, content: open };
  });
  const { layer, pushedBytes } = await putLayer(registry, repository, entries);
  await cache.put(key, layer);
  return { ...base, layers: [layer], pushedBytes };
}

async function measure(
  content: AsyncIterable<Uint8Array>,
): Promise<{ readonly digest: string; readonly size: number }> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of content) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { digest: hash.digest("hex"), size };
}
