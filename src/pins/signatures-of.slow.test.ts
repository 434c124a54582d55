import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { createServer } from "node:http";
import type { ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { SignedImages } from "../engine/signed-images.ts";
import { systemClock } from "../io/clock/clock.ts";
import { systemProcesses } from "../io/process/system-processes.ts";
import { noDockerRegistry, startDockerRegistry } from "../io/registry/network/docker-registry-in-test.ts";
import { networkRegistry } from "../io/registry/network/network-registry.ts";
import { digestOf, manifestOf, manifestType, put } from "../io/registry/registry-contract-in-test.ts";
import type { Registry } from "../io/registry/registry.ts";
import type { Application } from "../model/application.ts";
import { sampleManifest } from "../model/sample-manifest-in-test.ts";
import { signImage } from "../release/signature.ts";
import { imageKeys } from "./image-key.ts";
import { payloadOf, payloadType, signatureAnnotation, signatureArtifact } from "./image-signature.ts";

const skip = await noDockerRegistry();
const options = skip === undefined ? {} : { skip };
const alice = generateKeyPairSync("ec", { namedCurve: "P-256" });
const mallory = generateKeyPairSync("ec", { namedCurve: "P-256" });
const indexType = "application/vnd.oci.image.index.v1+json";

function client(requestMs = 5000): Registry {
  return networkRegistry({
    location: "a registry",
    clock: systemClock,
    random: () => 0.5,
    processes: systemProcesses,
    backOff: { baseMs: 1, maxMs: 20 },
    attempts: 2,
    requestMs,
    environment: {},
  });
}

/** What an engine that allows alice says of images: nothing where they are signed, else why not. */
async function verdict(registry: Registry, ...images: readonly string[]): Promise<string> {
  const pem = alice.publicKey.export({ type: "spki", format: "pem" }).toString();
  const keys = () => Promise.resolve(imageKeys(new Map([["alice.pub", pem]])));
  const checks = new SignedImages({ keys, registry, always: true }, systemClock);
  const containers = images.map((image, index) => ({ name: `c${index}`, image }));
  const metadata = { name: "x", namespace: "n" };
  const manifest = sampleManifest({ apiVersion: "v1", kind: "Pod", metadata, spec: { containers } });
  const doubt = await checks.against({} as Application, [manifest], undefined);
  if (doubt === undefined) return "signed";
  return doubt.kind === "unknown" ? `unknown ${doubt.problem.code}` : (doubt.problems[0]?.message ?? "");
}

/** Pushes an image; its digest. */
async function push(registry: Registry, name: string, text: string): Promise<string> {
  const manifest = await manifestOf(registry, name, text);
  return (await registry.putManifest(name, undefined, manifest, manifestType)).digest;
}

interface Signed {
  readonly payload: Buffer;
  readonly key: KeyObject;
}

/** The layers of a signature manifest as cosign 2 writes them. */
async function layers(registry: Registry, name: string, signed: readonly Signed[]): Promise<readonly object[]> {
  return Promise.all(
    signed.map(async ({ payload, key }) => {
      const { digest, size } = await put(registry, name, payload.toString());
      const signature = sign("sha256", payload, key).toString("base64");
      return { mediaType: payloadType, digest, size, annotations: { [signatureAnnotation]: signature } };
    }),
  );
}

/** Stores signatures under the tag `sha256-….sig`, as cosign 2 does. */
async function tagSignatures(registry: Registry, name: string, digest: string, signed: readonly Signed[]) {
  const manifest = await manifestOf(registry, name, "x", { layers: await layers(registry, name, signed) });
  await registry.putManifest(name, `${digest.replace(":", "-")}.sig`, manifest, manifestType);
}

/** Stores signatures as a referrer, as cosign 2 does with `--registry-referrers-mode=oci-1-1`. */
async function refer(registry: Registry, name: string, digest: string, signed: readonly Signed[], more: object = {}) {
  const manifest = await manifestOf(registry, name, "x", {
    artifactType: signatureArtifact,
    layers: await layers(registry, name, signed),
    subject: { mediaType: manifestType, digest, size: 1 },
    ...more,
  });
  await registry.putManifest(name, undefined, manifest, manifestType);
}

async function start(t: TestContext) {
  const { host } = await startDockerRegistry(t);
  return { registry: client(), name: `${host}/team/app` };
}

test(
  "signatures are found under cosign's tag, as referrers, and as release writes them, of images and indexes",
  options,
  async (t) => {
    const { registry, name } = await start(t);
    const [tagged, referred, released, unsigned] = await Promise.all(
      ["1", "2", "3", "4"].map((text) => push(registry, name, text)),
    );
    assert.ok(tagged && referred && released && unsigned);
    const cosign = (digest: string): Buffer =>
      Buffer.from(payloadOf(name, digest).toString().replace('"optional":null', '"optional":{"timestamp":1}'));
    const stranger = { payload: payloadOf(name, tagged), key: mallory.privateKey };
    await tagSignatures(registry, name, tagged, [stranger, { payload: cosign(tagged), key: alice.privateKey }]);
    await refer(registry, name, referred, [{ payload: cosign(referred), key: alice.privateKey }]);
    const subject = { mediaType: manifestType, digest: released, size: 1 };
    await signImage(registry, name, subject, alice.privateKey, new Date(0).toISOString());
    const index = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: indexType,
        manifests: [{ mediaType: manifestType, digest: unsigned, size: 1 }],
      }),
    );
    const { digest: whole } = await registry.putManifest(name, undefined, index, indexType);
    await tagSignatures(registry, name, whole, [{ payload: cosign(whole), key: alice.privateKey }]);

    const references = [tagged, referred, released, whole].map((digest) => `${name}:v1@${digest}`);
    assert.equal(await verdict(registry, ...references), "signed");
    // The signature of an index is none of what it lists.
    assert.match(await verdict(registry, ...references, `${name}@${unsigned}`), /container c4: .*no signature of it/);
    assert.match(await verdict(registry, `${name}:v1`), /not pinned by digest/);
  },
);

test("a signature of another image, by another key, or of something else is none", options, async (t) => {
  const { registry, name } = await start(t);
  const [image, other] = [await push(registry, name, "1"), await push(registry, name, "2")];
  await tagSignatures(registry, name, image, [{ payload: payloadOf(name, other), key: alice.privateKey }]);
  assert.match(await verdict(registry, `${name}@${image}`), new RegExp(`an allowed key signed ${other} there`));
  await refer(registry, name, other, [{ payload: payloadOf(name, other), key: mallory.privateKey }]);
  assert.match(await verdict(registry, `${name}@${other}`), /none of its 1 signature is by an allowed key/);
  // Signed by alice, but as something else than an image.
  const third = await push(registry, name, "3");
  const letter = Buffer.from(payloadOf(name, third).toString().replace("cosign container image", "somebody's"));
  await refer(registry, name, third, [{ payload: letter, key: alice.privateKey }]);
  assert.match(await verdict(registry, `${name}@${third}`), /an allowed key signed something else there/);
});

test(
  "a hundred referrers, huge payloads and broken manifests keep nobody from the signature that is there",
  options,
  async (t) => {
    const { registry, name } = await start(t);
    const image = await push(registry, name, "1");
    const payload = payloadOf(name, image);
    for (let count = 0; count < 100; count += 1) {
      await refer(registry, name, image, [], { artifactType: "application/vnd.example.note", note: count });
    }
    const huge = Buffer.concat([payload, Buffer.alloc(5_000_000, " ")]);
    await refer(registry, name, image, [{ payload: huge, key: alice.privateKey }]);
    await refer(registry, name, image, [], { layers: [], note: "no layers" });
    assert.match(await verdict(registry, `${name}@${image}`), /no signature of it/);
    await refer(registry, name, image, [{ payload, key: alice.privateKey }]);
    assert.equal(await verdict(registry, `${name}@${image}`), "signed");
  },
);

test(
  "a registry that is away, hangs, drips or fails leaves it open, and is not asked again at once",
  options,
  async (t) => {
    let asked = 0;
    const drips: NodeJS.Timeout[] = [];
    let answer = (response: ServerResponse): void => void response.writeHead(500).end();
    const server = createServer((request, response) => {
      if (request.url === "/v2/") return void response.end();
      asked += 1;
      answer(response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => {
      for (const drip of drips) clearInterval(drip);
      server.closeAllConnections();
      server.close();
    });
    const name = `127.0.0.1:${(server.address() as AddressInfo).port}/app`;
    const image = `${name}@${digestOf("image")}`;
    assert.equal(await verdict(client(), image), "unknown registry-failing");
    assert.equal(await verdict(client(), image.replace(/:\d+\//, ":1/")), "unknown registry-unreachable");
    answer = () => undefined;
    assert.equal(await verdict(client(100), image), "unknown registry-unreachable");
    answer = (response) => {
      response.writeHead(200, { "content-type": indexType });
      drips.push(setInterval(() => response.write(" "), 10));
    };
    assert.equal(await verdict(client(100), image), "unknown registry-unreachable");
    asked = 0;
    assert.equal(await verdict(client(100), image, image.replace("@", ":v1@")), "unknown registry-unreachable");
    assert.ok(asked <= 4, `${asked} requests`);
  },
);
