import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import type { Registry } from "../io/registry/registry.ts";
import { ProblemError } from "../model/problem.ts";
import {
  isSignedBy,
  payloadOf,
  payloadType,
  signatureAnnotation,
  signatureArtifact,
  signedDigest,
  signPayload,
} from "../pins/image-signature.ts";
import { signaturesOf } from "../pins/signatures-of.ts";
import { attach, type Subject } from "./attach.ts";

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
  if (await isSigned(registry, repository, subject.digest, createPublicKey(key))) return 0;
  const payload = payloadOf(repository, subject.digest);
  const annotations = { [signatureAnnotation]: signPayload(payload, key) };
  return attach(registry, repository, subject, {
    artifactType: signatureArtifact,
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
  for await (const stored of signaturesOf(registry, repository, digest)) {
    if (signedDigest(stored.payload) === digest && isSignedBy(stored, key)) return true;
  }
  return false;
}
