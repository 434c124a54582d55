import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "../../src/io/clock/clock.ts";
import { systemProcesses } from "../../src/io/process/system-processes.ts";
import { networkRegistry } from "../../src/io/registry/network/network-registry.ts";
import { ociLayout } from "../../src/io/registry/oci-layout.ts";
import type { Measured, Registry } from "../../src/io/registry/registry.ts";

interface Descriptor extends Measured {
  readonly mediaType: string;
}

const refName = "org.opencontainers.image.ref.name";

/**
 * Copies every named image of an OCI layout folder into a registry, under the same name without its own registry:
 * `plumbline.local/backend:1.0` becomes `backend:1.0` there, which is where the node looks for it. Where another image has that
 * tag already it keeps it, and this one is found by its digest alone. Resolves with the names by which each is found.
 */
export async function pushLayout(layout: string, registry: string): Promise<readonly string[]> {
  const index = JSON.parse(await readFile(join(layout, "index.json"), "utf8")) as {
    manifests: readonly (Descriptor & { annotations?: Readonly<Record<string, string>> })[];
  };
  const { host } = new URL(registry);
  const from = ociLayout(layout);
  const to = networkRegistry({
    location: host,
    clock: systemClock,
    random: () => Math.random(),
    processes: systemProcesses,
    // It is on this machine's own link: no account, no proxy, no TLS.
    environment: {},
    insecure: [host],
  });
  const pushed: string[] = [];
  for (const manifest of index.manifests) {
    const name = manifest.annotations?.[refName] ?? "";
    const [, repository, tag] = /^[^/]+\/(.+):([^:/]+)$/.exec(name) ?? [];
    if (repository === undefined || tag === undefined) continue;
    const place = `${host}/${repository}`;
    const held = await to.resolve(place, tag);
    const isFree = held === undefined || held === manifest.digest;
    await copyManifest(from, to, place, manifest, isFree ? tag : undefined);
    pushed.push(isFree ? name : `${name.slice(0, -tag.length - 1)}@${manifest.digest}`);
  }
  return pushed;
}

async function copyManifest(
  from: Registry,
  to: Registry,
  repository: string,
  { mediaType, digest }: Descriptor,
  tag: string | undefined,
): Promise<void> {
  const content = await from.readManifest(repository, digest);
  const {
    config,
    layers = [],
    manifests = [],
  } = JSON.parse(content.toString("utf8")) as {
    config?: Descriptor;
    layers?: readonly Descriptor[];
    manifests?: readonly Descriptor[];
  };
  // What a manifest names must be there before it.
  for (const blob of config ? [config, ...layers] : layers) {
    await to.putBlob(repository, () => from.readBlob(repository, blob.digest), blob);
  }
  for (const child of manifests) await copyManifest(from, to, repository, child, undefined);
  await to.putManifest(repository, tag, content, mediaType);
}
