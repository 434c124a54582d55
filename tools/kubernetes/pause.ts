import { Readable } from "node:stream";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { putLayer } from "../../src/release/put-layer.ts";
import { digestOf, mediaTypes } from "../../src/release/image.ts";
import type { LayerEntry } from "../../src/release/tar-layer.ts";
import type { Registry } from "../../src/io/registry/registry.ts";

const repository = "plumbline.local/pause";
const tag = "1";

/** What holds a pod's namespaces open while its containers come and go. */
export const pauseImage = `${repository}:${tag}`;

/** Makes the pause image of static programs: one that reaps what is orphaned, and one that sleeps until it is told to end. */
export async function makePauseImage(packages: string, registry: Registry): Promise<void> {
  const programs = { "bin/init": "usr/bin/tini-static", "bin/sleep": "usr/bin/busybox" };
  const entries = Object.entries(programs).map(async ([path, source]): Promise<LayerEntry> => {
    const file = join(packages, source);
    const { size } = await stat(file);
    return { kind: "file", path, size, executable: true, content: () => createReadStream(file) };
  });
  const { layer } = await putLayer(registry, repository, await Promise.all(entries));
  const config = json({
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    os: "linux",
    config: { User: "65535:65535", Entrypoint: ["/bin/init", "--", "/bin/sleep", "infinity"] },
    rootfs: { type: "layers", diff_ids: [layer.diffId] },
  });
  await registry.putBlob(repository, () => Readable.from([config]));
  const manifest = json({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.config, digest: digestOf(config), size: config.length },
    layers: [{ mediaType: layer.mediaType, digest: layer.digest, size: layer.size }],
  });
  await registry.putManifest(repository, tag, manifest, mediaTypes.manifest);
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}
