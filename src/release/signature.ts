import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from "node:crypto";
import { z } from "zod";
import type { Registry } from "../io/registry/registry.ts";
import { ProblemError } from "../model/problem.ts";
import { attach, type Subject } from "./attach.ts";

/** As cosign writes signatures that refer to their image. */
const artifactType = "application/vnd.dev.cosign.artifact.sig.v1+json";
const payloadType = "application/vnd.dev.cosign.simplesigning.v1+json";
const annotation = "dev.cosignproject.cosign/signature";

const signatureSchema = z.object({
  layers: z.array(z.object({ annotations: z.record(z.string(), z.string()).optional() })),
});

/** A private key that images can be signed by. Rejects with `ProblemError`, which shows nothing of the key. */
export function signingKey(pem: string): KeyObject {
  const refuse = (why: string): ProblemError =>
    new ProblemError({
      code: "sign-key-invalid",
      message: `The signing key cannot be used: ${why}.`,
      remedy: "Give a private key as PEM without a passphrase: openssl genpkey -algorithm ed25519.",
    });
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw refuse("it is not a private key as PEM, or it has a passphrase");
  }
  if (key.asymmetricKeyType === "ed25519" || key.asymmetricKeyType === "ec") return key;
  throw refuse(`it is of the kind ${key.asymmetricKeyType ?? "unknown"}, not ed25519 or ECDSA`);
}

/**
 * Signs an image by a key, as a referrer, unless it is signed by that key already: ECDSA signs otherwise each time, and
 * releasing again changes nothing. Resolves with the bytes that were not there before.
 */
export async function signImage(
  registry: Registry,
  repository: string,
  subject: Subject,
  key: KeyObject,
  created: string,
): Promise<number> {
  const payload = payloadOf(repository, subject.digest);
  if (await isSigned(registry, repository, subject.digest, createPublicKey(key))) return 0;
  const signature = sign(digestFor(key), payload, key).toString("base64");
  const annotations = { [annotation]: signature };
  return attach(registry, repository, subject, {
    artifactType,
    mediaType: payloadType,
    content: payload,
    annotations,
    created,
  });
}

/** Whether an image has a signature that this public key verifies. */
export async function isSigned(
  registry: Registry,
  repository: string,
  digest: string,
  key: KeyObject,
): Promise<boolean> {
  const payload = payloadOf(repository, digest);
  for (const referrer of await registry.referrers(repository, digest)) {
    if (referrer.artifactType !== artifactType) continue;
    const parsed = signatureSchema.safeParse(json(await registry.readManifest(repository, referrer.digest)));
    const texts = parsed.success ? parsed.data.layers.map(({ annotations }) => annotations?.[annotation] ?? "") : [];
    if (texts.some((text) => verify(digestFor(key), payload, key, Buffer.from(text, "base64")))) return true;
  }
  return false;
}

/** Simple signing: what is signed is this text, which names the image. */
function payloadOf(repository: string, digest: string): Buffer {
  const critical = {
    identity: { "docker-reference": repository },
    image: { "docker-manifest-digest": digest },
    type: "cosign container image signature",
  };
  return Buffer.from(JSON.stringify({ critical, optional: null }));
}

/** Ed25519 hashes by itself. */
function digestFor(key: KeyObject): string | null {
  return key.asymmetricKeyType === "ed25519" ? null : "sha256";
}

function json(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString("utf8"));
  } catch {
    return undefined;
  }
}
