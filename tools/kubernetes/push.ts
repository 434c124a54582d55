import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
}

const refName = "org.opencontainers.image.ref.name";

/**
 * Copies every named image of an OCI layout folder into a registry, under the same name without its own registry:
 * `plumbline.local/backend:1.0` becomes `backend:1.0` there, which is where the node looks for it. Resolves with the names.
 */
export async function pushLayout(layout: string, registry: string): Promise<readonly string[]> {
  const index = JSON.parse(await readFile(join(layout, "index.json"), "utf8")) as {
    manifests: readonly (Descriptor & { annotations?: Readonly<Record<string, string>> })[];
  };
  const pushed: string[] = [];
  for (const manifest of index.manifests) {
    const name = manifest.annotations?.[refName] ?? "";
    const [, repository, tag] = /^[^/]+\/(.+):([^:/]+)$/.exec(name) ?? [];
    if (repository === undefined || tag === undefined) continue;
    await pushManifest({ layout, url: `${registry}/v2/${repository}` }, manifest, tag);
    pushed.push(name);
  }
  return pushed;
}

interface Way {
  readonly layout: string;
  /** Of the repository. */
  readonly url: string;
}

async function pushManifest(way: Way, { mediaType, digest }: Descriptor, reference: string): Promise<void> {
  const content = await readFile(blobFile(way, digest));
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
  for (const blob of config ? [config, ...layers] : layers) await pushBlob(way, blob.digest);
  for (const child of manifests) await pushManifest(way, child, child.digest);
  const response = await fetch(`${way.url}/manifests/${reference}`, {
    method: "PUT",
    headers: { "content-type": mediaType },
    body: content,
  });
  await mustBe(response, 201);
}

async function pushBlob(way: Way, digest: string): Promise<void> {
  const there = await fetch(`${way.url}/blobs/${digest}`, { method: "HEAD" });
  if (there.ok) return;
  const begun = await fetch(`${way.url}/blobs/uploads/`, { method: "POST" });
  await mustBe(begun, 202);
  const place = new URL(begun.headers.get("location") ?? "", begun.url);
  place.searchParams.set("digest", digest);
  const file = blobFile(way, digest);
  const response = await fetch(place, {
    method: "PUT",
    headers: { "content-type": "application/octet-stream", "content-length": String((await stat(file)).size) },
    body: createReadStream(file),
    duplex: "half",
  });
  await mustBe(response, 201);
}

function blobFile({ layout }: Way, digest: string): string {
  return join(layout, "blobs", ...digest.split(":"));
}

async function mustBe(response: Response, status: number): Promise<void> {
  const text = await response.text();
  if (response.status !== status) throw new Error(`${response.url} answered ${response.status}: ${text.slice(0, 500)}`);
}
