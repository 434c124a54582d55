import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { test } from "node:test";
import { imageKeys } from "./image-key.ts";

const pem = (key: KeyObject): string =>
  key.export({ type: key.type === "private" ? "pkcs8" : "spki", format: "pem" }).toString();
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const ed25519 = generateKeyPairSync("ed25519");
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });

/** What is said of one file: the number of its keys, or why they cannot be used. */
function read(text: string): number | string {
  const keys = imageKeys(new Map([["cosign.pub", text]]));
  if (keys.ok) return keys.value.length;
  assert.equal(keys.problems[0]?.where?.file, "cosign.pub");
  return keys.problems[0].message;
}

test("keys are read from PEM, several a file, whatever is said around them and however often", () => {
  assert.equal(read(pem(ec.publicKey)), 1);
  const several = `# who signs\n${pem(ec.publicKey)}junk: of an editor\r\n${pem(ed25519.publicKey)}${pem(rsa.publicKey)}`;
  assert.equal(read(several), 3);
  assert.equal(read(pem(ec.publicKey).replaceAll("\n", "\r\n")), 1);
  assert.equal(read(pem(ec.publicKey) + pem(ec.publicKey)), 1);
  const [first, second] = [new Map([["a", pem(ec.publicKey)]]), new Map([["b", pem(ec.publicKey)]])].map(imageKeys);
  assert.ok(first?.ok && second?.ok);
  assert.equal(first.value[0]?.id, second.value[0]?.id);
});

test("what is no public key of a kind that signs images makes its file unusable, and shows nothing of a private one", () => {
  const secret = pem(ec.privateKey);
  for (const [text, why] of [
    ["", /no public key as PEM/],
    ["cosign.pub is elsewhere", /no public key as PEM/],
    [secret, /a private key, not a public key/],
    [pem(ec.publicKey) + secret, /a private key, not a public key/],
    [pem(ec.publicKey).replace(/-----END.*/s, ""), /has no end/],
    ["-----BEGIN PUBLIC KEY-----\nbm90IGEga2V5\n-----END PUBLIC KEY-----\n", /cannot be read/],
    [pem(generateKeyPairSync("x25519").publicKey), /kind x25519/],
    [pem(generateKeyPairSync("ed448").publicKey), /kind ed448/],
    [pem(generateKeyPairSync("ec", { namedCurve: "secp256k1" }).publicKey), /kind ec on secp256k1/],
    [pem(generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey), /kind rsa of 1024 bits/],
    [
      `-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n${pem(ec.publicKey)}`,
      /a certificate, not a public key/,
    ],
  ] as const) {
    const said = read(text);
    assert.match(String(said), why);
    assert.doesNotMatch(String(said), /MIGH|BEGIN/);
  }
});
