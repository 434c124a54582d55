import { createHash, createPublicKey } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { Problem, Result } from "../model/problem.ts";

/** A public key that images may be signed by. */
export interface ImageKey {
  /** Which one it is, by its content: SHA-256 in hex. */
  readonly id: string;
  /** The file that it comes from, for people. */
  readonly file: string;
  readonly key: KeyObject;
}

/** A file may hold several, with anything said between them; what is no public key must not be among them. */
const block = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g;
const curves: ReadonlySet<string> = new Set(["prime256v1", "secp384r1", "secp521r1"]);
const fewestRsaBits = 2048;

/** The public keys of PEM files, by the names of the files; a file that has none, or anything that is no such key, is a problem. */
export function imageKeys(files: ReadonlyMap<string, string>): Result<readonly ImageKey[]> {
  const problems: Problem[] = [];
  const keys = new Map<string, ImageKey>();
  for (const [file, text] of files) {
    const read = keysOf(file, text);
    if (typeof read === "string") problems.push(unusable(file, read));
    else for (const key of read) keys.set(key.id, key);
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value: [...keys.values()] };
}

/** The keys of a file, or what is wrong with it. */
function keysOf(file: string, text: string): readonly ImageKey[] | string {
  const blocks = [...text.matchAll(block)];
  const begun = text.match(/-----BEGIN /g)?.length ?? 0;
  if (begun === 0) return "it holds no public key as PEM";
  if (begun !== blocks.length) return "one of its keys has no end";
  const keys: ImageKey[] = [];
  for (const [pem, label = ""] of blocks) {
    // Others, private keys among them, could be turned into public ones; whoever gave them meant something else.
    if (label !== "PUBLIC KEY") return `it holds a ${label.toLowerCase()}, not a public key`;
    const key = parse(pem);
    if (key === undefined) return "one of its keys cannot be read";
    const wrong = wrongKind(key);
    if (wrong !== undefined) return wrong;
    keys.push({ id: idOf(key), file, key });
  }
  return keys;
}

function parse(pem: string): KeyObject | undefined {
  try {
    return createPublicKey(pem);
  } catch {
    return undefined;
  }
}

function wrongKind(key: KeyObject): string | undefined {
  const { asymmetricKeyType: type = "unknown", asymmetricKeyDetails: { namedCurve = "", modulusLength = 0 } = {} } =
    key;
  if (type === "ed25519" || (type === "ec" && curves.has(namedCurve))) return undefined;
  if (type === "rsa" && modulusLength >= fewestRsaBits) return undefined;
  const detail = type === "ec" ? ` on ${namedCurve}` : type === "rsa" ? ` of ${modulusLength} bits` : "";
  return `one of its keys is of the kind ${type}${detail}, which signs no images here`;
}

/** Which key it is, by its content. */
export function idOf(key: KeyObject): string {
  return createHash("sha256")
    .update(key.export({ type: "spki", format: "der" }))
    .digest("hex");
}

function unusable(file: string, why: string): Problem {
  return {
    code: "image-keys-unusable",
    message: `The allowed image keys cannot be used: ${why}.`,
    where: { file },
    remedy: `Give public keys as PEM: ed25519, ECDSA on P-256, P-384 or P-521, or RSA of ${fewestRsaBits} bits and more, as cosign.pub is one.`,
  };
}
