import { ProblemError } from "../../../model/problem.ts";
import { digestOf, hexOf, subjectOf, tagTaken } from "../content.ts";
import type { Registry, StoredBlob } from "../registry.ts";
import { addressOf, type Address } from "./address.ts";
import type { Answer, Exchange, RegistryRequest } from "./exchange.ts";
import { Passing } from "./passing.ts";
import { enterReferrer, listReferrers } from "./referrers.ts";
import { Turns } from "./turns.ts";

const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/** One manifest on its way into a repository. */
interface NewManifest {
  readonly repository: string;
  readonly content: Buffer;
  readonly mediaType: string;
}

type ManifestMethods = "hasManifest" | "readManifest" | "resolve" | "putManifest" | "referrers";

/** What registries on the network do with manifests and tags. */
export function networkManifests(exchange: Exchange): Pick<Registry, ManifestMethods> {
  const writer = new ManifestWriter(exchange);
  return {
    hasManifest: (repository, digest) => hasManifest(exchange, repository, digest),
    resolve: (repository, tag) => resolve(exchange, repository, tag),
    readManifest: async (repository, digest) => {
      hexOf(digest);
      const address = addressOf(repository);
      return exchange.persist(async () =>
        verifiedManifest(address, digest, await exchange.sendOnce(request("GET", address, digest))),
      );
    },
    putManifest: async (repository, tag, content, mediaType) => {
      const manifest = { repository, content, mediaType };
      return tag === undefined ? writer.putUntagged(manifest) : writer.putTagged(manifest, tag);
    },
    referrers: (repository, digest) => listReferrers(exchange, addressOf(repository), digest),
  };
}

/** Writes manifests: one at a time of a tag, or of a list of referrers, so that two of one client never race. */
class ManifestWriter {
  readonly #exchange: Exchange;
  readonly #writes = new Map<string, Turns>();

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  async putTagged(manifest: NewManifest, tag: string): Promise<StoredBlob> {
    const { repository, content } = manifest;
    const [digest, size] = [digestOf(content), content.length];
    const refuseOther = async (): Promise<string | undefined> => {
      const held = await resolve(this.#exchange, repository, tag);
      if (held !== undefined && held !== digest) throw tagTaken(`${repository}:${tag}`, held, digest);
      return held;
    };
    return this.#inTurn(`${repository}:${tag}`, async () => {
      if ((await refuseOther()) === digest) return { digest, size, pushedBytes: 0 };
      const isNew = !(await hasManifest(this.#exchange, repository, digest));
      await this.#write(manifest, tag);
      if ((await refuseOther()) === undefined) throw notKept(repository, tag);
      return { digest, size, pushedBytes: isNew ? size : 0 };
    });
  }

  async putUntagged(manifest: NewManifest): Promise<StoredBlob> {
    const { repository, content } = manifest;
    const [digest, size] = [digestOf(content), content.length];
    const isNew = !(await hasManifest(this.#exchange, repository, digest));
    // One that refers to another may be there and not be listed yet.
    if (isNew || subjectOf(content) !== undefined) await this.#write(manifest, digest);
    return { digest, size, pushedBytes: isNew ? size : 0 };
  }

  async #write({ repository, content, mediaType }: NewManifest, reference: string): Promise<void> {
    const address = addressOf(repository);
    const digest = digestOf(content);
    const answer = await this.#exchange.send({
      method: "PUT",
      address,
      at: `manifests/${reference}`,
      access: "pull,push",
      headers: { "content-type": mediaType },
      body: content,
      expect: [201],
      what: `take the manifest ${digest} as ${reference}`,
    });
    const kept = subjectOf(content);
    if (kept === undefined || answer.headers["oci-subject"] !== undefined) return;
    const { subject, artifactType } = kept;
    await this.#inTurn(`${repository}@${subject}`, () =>
      enterReferrer(this.#exchange, address, subject, { mediaType, digest, size: content.length, artifactType }),
    );
  }

  #inTurn<T>(key: string, use: () => Promise<T>): Promise<T> {
    const turns = this.#writes.get(key) ?? new Turns(1);
    this.#writes.set(key, turns);
    return turns.take(use);
  }
}

async function hasManifest(exchange: Exchange, repository: string, digest: string): Promise<boolean> {
  hexOf(digest);
  return (await exchange.send(request("HEAD", addressOf(repository), digest))).status === 200;
}

async function resolve(exchange: Exchange, repository: string, tag: string): Promise<string | undefined> {
  const address = addressOf(repository);
  const head = await exchange.send(request("HEAD", address, tag));
  if (head.status !== 200) return undefined;
  const named = head.headers["docker-content-digest"];
  if (typeof named === "string") return named;
  const whole = await exchange.send(request("GET", address, tag));
  return whole.status === 200 ? digestOf(whole.body) : undefined;
}

function request(method: "GET" | "HEAD", address: Address, reference: string): RegistryRequest {
  return {
    method,
    address,
    at: `manifests/${reference}`,
    access: "pull",
    headers: { accept: manifestTypes },
    expect: [200, 404],
    what: `show ${reference} of ${address.path}`,
  };
}

function verifiedManifest({ registry, path }: Address, digest: string, { status, body }: Answer): Buffer {
  if (status !== 200) {
    throw new ProblemError({
      code: "blob-missing",
      message: `The registry ${registry} holds no manifest of ${path} with the digest ${digest}.`,
      remedy: "Push the image there first, or name a digest that it holds.",
    });
  }
  if (digestOf(body) === digest) return body;
  throw new Passing({
    code: "blob-damaged",
    message: `The registry ${registry} answered with other content for the manifest ${digest} of ${path}.`,
    remedy: "See that no proxy changes what it passes on; then push the image again.",
  });
}

function notKept(repository: string, tag: string): ProblemError {
  return new ProblemError({
    code: "registry-refused",
    message: `The registry took the tag ${repository}:${tag} and does not have it.`,
    remedy: "Ask whoever runs the registry whether it keeps what is pushed.",
  });
}
