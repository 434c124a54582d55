import { sign, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { z } from "zod";

/** The type of a manifest that refers to an image by a signature; this word and the next two are cosign's, and the field's. */
export const signatureArtifact = "application/vnd.dev.cosign.artifact.sig.v1+json";
/** The media type of what was signed. */
export const payloadType = "application/vnd.dev.cosign.simplesigning.v1+json";
/** The annotation that holds the signature of a payload, in base64. */
export const signatureAnnotation = "dev.cosignproject.cosign/signature";

const payloadKind = "cosign container image signature";

const payloadSchema = z.object({
  critical: z.object({
    image: z.object({ "docker-manifest-digest": z.string() }),
    type: z.literal(payloadKind),
  }),
});

/** A signature as a registry holds it: what was signed, and the signature of it. */
export interface StoredSignature {
  readonly payload: Buffer;
  /** Base64. */
  readonly signature: string;
}

/** Simple signing: what is signed is this text, which names the image. */
export function payloadOf(repository: string, digest: string): Buffer {
  const critical = {
    identity: { "docker-reference": repository },
    image: { "docker-manifest-digest": digest },
    type: payloadKind,
  };
  return Buffer.from(JSON.stringify({ critical, optional: null }));
}

/** The digest of the image that a payload speaks of; undefined where it is no such payload. */
export function signedDigest(payload: Buffer): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(payload.toString("utf8"));
  } catch {
    return undefined;
  }
  const parsed = payloadSchema.safeParse(value);
  return parsed.success ? parsed.data.critical.image["docker-manifest-digest"] : undefined;
}

/** Signs a payload; the signature in base64. */
export function signPayload(payload: Buffer, key: KeyObject): string {
  return sign(hashesFor(key)[0], payload, key).toString("base64");
}

/** True when the signature of a payload is by this key. */
export function isSignedBy({ payload, signature }: StoredSignature, key: KeyObject): boolean {
  const bytes = Buffer.from(signature, "base64");
  return bytes.length > 0 && hashesFor(key).some((hash) => fits(hash, payload, key, bytes));
}

/** What is no signature of the key's kind at all is none by it. */
function fits(hash: string | null, payload: Buffer, key: KeyObject, signature: Buffer): boolean {
  try {
    return verify(hash, payload, key, signature);
  } catch {
    return false;
  }
}

/** Ed25519 hashes by itself; cosign took SHA-256 with every curve before it took the one that goes with the curve. */
function hashesFor({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): readonly [string | null, ...string[]] {
  if (asymmetricKeyType === "ed25519") return [null];
  const more: { readonly [curve: string]: string } = { secp384r1: "sha384", secp521r1: "sha512" };
  const own = more[asymmetricKeyDetails?.namedCurve ?? ""];
  return own === undefined ? ["sha256"] : ["sha256", own];
}
