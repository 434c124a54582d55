import type { Registry } from "../io/registry/registry.ts";
import { mediaTypes, type Layer } from "./image.ts";
import { tarLayer, type LayerEntry } from "./tar-layer.ts";

/** Lays out entries as a layer and stores it. */
export async function putLayer(
  registry: Registry,
  repository: string,
  entries: readonly LayerEntry[],
): Promise<{ readonly layer: Layer; readonly pushedBytes: number }> {
  const { digest, size, pushedBytes } = await registry.putBlob(repository, () => tarLayer(entries));
  return { layer: { mediaType: mediaTypes.layer, digest, size, diffId: digest }, pushedBytes };
}
