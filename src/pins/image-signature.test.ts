import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { test } from "node:test";
import { isSignedBy, payloadOf, signedDigest, signPayload } from "./image-signature.ts";

const digest = `sha256:${"a".repeat(64)}`;
const payload = payloadOf("registry.test/app", digest);
const pairs = [
  generateKeyPairSync("ed25519"),
  ...["P-256", "P-384", "P-521"].map((namedCurve) => generateKeyPairSync("ec", { namedCurve })),
  generateKeyPairSync("rsa", { modulusLength: 2048 }),
];

test("a signature is by the key that made it, for the bytes that it was made for, and by no other", () => {
  for (const [index, { privateKey }] of pairs.entries()) {
    const stored = { payload, signature: signPayload(payload, privateKey) };
    assert.deepEqual(
      pairs.map(({ publicKey }) => isSignedBy(stored, publicKey)),
      pairs.map((_, other) => other === index),
    );
    const changed = Buffer.from(payload.toString().replace("a", "b"));
    assert.equal(isSignedBy({ ...stored, payload: changed }, pairs[index]?.publicKey ?? privateKey), false);
  }
});

test("a curve's own hash counts as SHA-256 does, and what is no signature is none by any key", () => {
  const [, , p384, p521] = pairs;
  for (const [pair, hash] of [
    [p384, "sha384"],
    [p521, "sha512"],
  ] as const) {
    assert.ok(pair);
    const signature = sign(hash, payload, pair.privateKey).toString("base64");
    assert.equal(isSignedBy({ payload, signature }, pair.publicKey), true);
  }
  for (const signature of ["", "====", "no base64 at all", Buffer.alloc(64).toString("base64"), "A".repeat(100_000)]) {
    for (const { publicKey } of pairs) assert.equal(isSignedBy({ payload, signature }, publicKey), false);
  }
});

test("the digest is taken from a simple signing payload alone, as cosign writes it too", () => {
  assert.equal(signedDigest(payload), digest);
  const cosign = `{"critical":{"identity":{"docker-reference":"registry.test/app"},"image":{"docker-manifest-digest":"${digest}"},"type":"cosign container image signature"},"optional":{"creator":"somebody","timestamp":1458239713}}`;
  assert.equal(signedDigest(Buffer.from(cosign)), digest);
  for (const other of [
    "",
    "null",
    "[]",
    "{}",
    cosign.replace("cosign container image signature", "atomic container signature"),
    cosign.replace(`"${digest}"`, "7"),
  ]) {
    assert.equal(signedDigest(Buffer.from(other)), undefined);
  }
});
