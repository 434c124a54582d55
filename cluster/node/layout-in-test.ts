import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type Header, pack } from "tar-stream";
import type { ImageConfig } from "./image-store.ts";

/** An entry of a layer: a file's content, or a header and its content. */
export type LayerEntry = Partial<Header> & { readonly name: string; readonly text?: string | Buffer };

/** For tests: a tar of these entries. */
export async function tarOf(entries: readonly LayerEntry[]): Promise<Buffer> {
  const tar = pack();
  // The time of the clock would make two layers of the same entries, written as a second ends, two layers.
  for (const { text, ...header } of entries) tar.entry({ mtime: new Date(0), ...header }, text ?? "");
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** For tests: writes images to an OCI layout folder; answers each image's manifest digest. */
export async function writeLayout(
  folder: string,
  images: readonly {
    readonly ref: string;
    readonly layers: readonly (readonly LayerEntry[])[];
    readonly config?: ImageConfig;
  }[],
): Promise<readonly string[]> {
  await mkdir(join(folder, "blobs", "sha256"), { recursive: true });
  const blob = async (bytes: Buffer, mediaType: string) => {
    const hex = createHash("sha256").update(bytes).digest("hex");
    await writeFile(join(folder, "blobs", "sha256", hex), bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const json = (value: object, mediaType: string) => blob(Buffer.from(JSON.stringify(value)), mediaType);
  const manifests: { readonly digest: string }[] = [];
  for (const { ref, layers, config } of images) {
    const tars = await Promise.all(layers.map(tarOf));
    const descriptors = await Promise.all(
      tars.map((tar) => blob(gzipSync(tar), "application/vnd.oci.image.layer.v1.tar+gzip")),
    );
    const diff_ids = tars.map((tar) => `sha256:${createHash("sha256").update(tar).digest("hex")}`);
    const configFile = {
      architecture: "amd64",
      os: "linux",
      config: config ?? {},
      rootfs: { type: "layers", diff_ids },
    };
    const manifest = {
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: await json(configFile, "application/vnd.oci.image.config.v1+json"),
      layers: descriptors,
    };
    const descriptor = await json(manifest, manifest.mediaType);
    const annotations = { "org.opencontainers.image.ref.name": ref };
    manifests.push(Object.assign({ annotations }, descriptor));
  }
  await writeFile(join(folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  await writeFile(join(folder, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
  return manifests.map(({ digest }) => digest);
}
