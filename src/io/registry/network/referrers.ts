import { z } from "zod";
import { digestOf, hexOf } from "../content.ts";
import type { Referrer } from "../registry.ts";
import type { Address } from "./address.ts";
import type { Exchange } from "./exchange.ts";
import { Passing } from "./passing.ts";

const indexType = "application/vnd.oci.image.index.v1+json";
const indexSchema = z.object({
  manifests: z.array(
    z.looseObject({
      mediaType: z.string(),
      digest: z.string(),
      size: z.number(),
      artifactType: z.string().default(""),
    }),
  ),
});
const empty = { manifests: [] };

/** What refers to a manifest: by the registry's own list, or where it has none, by the tag that stands for it. */
export async function listReferrers(
  exchange: Exchange,
  address: Address,
  digest: string,
): Promise<readonly Referrer[]> {
  hexOf(digest);
  const answer = await exchange.send({
    method: "GET",
    address,
    at: `referrers/${digest}`,
    access: "pull",
    headers: { accept: indexType },
    // Registries from before this list say one of these of a path that they do not know.
    expect: [200, 400, 404, 405],
    what: "list what refers to an image",
  });
  const listed = answer.status === 200 ? parse(answer.body) : await readTag(exchange, address, digest);
  return listed.manifests.map(({ mediaType, digest: id, size, artifactType }) => ({
    mediaType,
    digest: id,
    size,
    artifactType,
  }));
}

/**
 * Enters a referrer under the tag that stands for the list of a registry without one. This tag alone is ever moved: the
 * specification means it to be. Of two writers the one whose entry is gone enters it again.
 */
export async function enterReferrer(
  exchange: Exchange,
  address: Address,
  subject: string,
  referrer: Referrer,
): Promise<void> {
  await exchange.persist(async (attempt) => {
    const { manifests } = await readTag(exchange, address, subject);
    if (manifests.some(({ digest }) => digest === referrer.digest)) return;
    const index = {
      schemaVersion: 2,
      mediaType: indexType,
      manifests: [...manifests, referrer].toSorted((left, right) => (left.digest < right.digest ? -1 : 1)),
    };
    await exchange.send({
      method: "PUT",
      address,
      at: `manifests/${tagOf(subject)}`,
      access: "pull,push",
      headers: { "content-type": indexType },
      body: Buffer.from(JSON.stringify(index)),
      expect: [201],
      what: `list what refers to ${subject}`,
    });
    const { manifests: now } = await readTag(exchange, address, subject);
    if (now.some(({ digest }) => digest === referrer.digest)) return;
    throw new Passing({
      code: "registry-race",
      message: `Others list at the same time what refers to ${subject} in ${address.path}; try ${attempt + 1} was lost.`,
      remedy: "Release again.",
    });
  });
}

async function readTag(exchange: Exchange, address: Address, subject: string): Promise<z.infer<typeof indexSchema>> {
  const answer = await exchange.send({
    method: "GET",
    address,
    at: `manifests/${tagOf(subject)}`,
    access: "pull",
    headers: { accept: indexType },
    expect: [200, 404],
    what: "list what refers to an image",
  });
  return answer.status === 200 ? parse(answer.body) : empty;
}

function parse(body: Buffer): z.infer<typeof indexSchema> {
  try {
    return indexSchema.parse(JSON.parse(body.toString("utf8")));
  } catch {
    throw new Passing({
      code: "registry-referrers-invalid",
      message: `The list of what refers to an image is not one (${digestOf(body)}).`,
      remedy: "Remove that list's tag from the registry; it begins with sha256-.",
    });
  }
}

function tagOf(digest: string): string {
  return `sha256-${hexOf(digest)}`;
}
