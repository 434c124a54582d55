import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { ociLayout } from "../io/registry/oci-layout.ts";
import type { Registry } from "../io/registry/registry.ts";
import type { Application } from "../model/application.ts";
import { ProblemError } from "../model/problem.ts";
import { sampleManifest } from "../model/sample-manifest-in-test.ts";
import { imageKeys } from "../pins/image-key.ts";
import { signImage } from "../release/signature.ts";
import { SignedImages } from "./signed-images.ts";

const pem = (key: KeyObject): string => key.export({ type: "spki", format: "pem" }).toString();
const [alice, mallory] = [generateKeyPairSync("ed25519"), generateKeyPairSync("ed25519")];
const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
const image = (digit: string): string => `registry.test/app:v${digit}@${digest(digit)}`;

/** Checks over a folder of signatures, on a clock of the test's own; `asked` counts images that the registry was asked about. */
function open(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "plumb-signed-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const layout = ociLayout(folder);
  const world = { nowMs: 0, asked: 0, isDown: false, files: new Map([["alice.pub", pem(alice.publicKey)]]) };
  const registry: Registry = {
    ...layout,
    resolve: (repository, tag) => {
      world.asked += 1;
      if (world.isDown) throw new ProblemError({ code: "registry-unreachable", message: "It is away." });
      return layout.resolve(repository, tag);
    },
  };
  const keys = () => Promise.resolve(imageKeys(world.files));
  const checks = new SignedImages(
    { keys, registry, always: false },
    { now: () => world.nowMs, at: () => () => undefined },
  );
  const verdict = async (images: readonly string[], requires: Application["requires"] = ["signed-images"]) => {
    const containers = images.map((one, index) => ({ name: `c${index}`, image: one }));
    const metadata = { name: "x", namespace: "n" };
    const manifest = sampleManifest({ apiVersion: "v1", kind: "Pod", metadata, spec: { containers } });
    const doubt = await checks.against({ requires } as Application, [manifest], undefined);
    if (doubt === undefined) return "signed";
    return doubt.kind === "refused" ? doubt.problems.map(({ code }) => code).join() : doubt.problem.code;
  };
  const sign = (digit: string, { privateKey }: { readonly privateKey: KeyObject }): Promise<number> => {
    const subject = { mediaType: "application/vnd.oci.image.manifest.v1+json", digest: digest(digit), size: 1 };
    return signImage(layout, "registry.test/app", subject, privateKey, new Date(0).toISOString());
  };
  return { world, verdict, sign };
}

test("what is signed is asked about once, and what is not is looked at again after a while (behaviour L5)", async (t) => {
  const { world, verdict, sign } = open(t);
  await sign("1", alice);
  assert.equal(await verdict([image("1"), image("1"), image("2")]), "image-not-signed");
  assert.equal(await verdict([image("1"), image("2")]), "image-not-signed");
  assert.equal(world.asked, 2, "each image once, however often passes come");
  await sign("2", alice);
  world.nowMs += 29_000;
  assert.equal(await verdict([image("2")]), "image-not-signed");
  world.nowMs += 2000;
  assert.equal(await verdict([image("1"), image("2")]), "signed");
  world.nowMs += 1e9;
  assert.equal(await verdict([image("1"), image("2").replace("v2", "other")]), "signed");
  assert.equal(world.asked, 3);
  assert.equal(await verdict(["registry.test/app:v1"]), "image-not-pinned");
  assert.equal(await verdict(["registry.test/app:v1"], ["signed"]), "signed", "nobody asks for it");
});

test("a key that is taken away counts no more, and one that is added counts at once; broken ones stop everything", async (t) => {
  const { world, verdict, sign } = open(t);
  await sign("1", alice);
  assert.equal(await verdict([image("1")]), "signed");
  world.files = new Map([["mallory.pub", pem(mallory.publicKey)]]);
  assert.equal(await verdict([image("1")]), "image-not-signed");
  await sign("1", mallory);
  world.files = new Map([...world.files, ["more.pub", pem(generateKeyPairSync("ed25519").publicKey)]]);
  assert.equal(await verdict([image("1")]), "signed", "with other keys it is looked at anew");
  world.files = new Map([...world.files, ["broken.pub", "-----BEGIN PUBLIC KEY-----"]]);
  assert.equal(await verdict([image("1")]), "image-keys-unusable");
  world.files = new Map();
  assert.equal(await verdict([image("1")]), "image-not-signed");
});

test("a registry that is away is asked ever later, and never takes what was found before with it", async (t) => {
  const { world, verdict, sign } = open(t);
  await sign("1", alice);
  await sign("2", alice);
  assert.equal(await verdict([image("1")]), "signed");
  world.isDown = true;
  const times: number[] = [];
  for (let second = 0; second < 300; second += 1) {
    const before = world.asked;
    assert.equal(await verdict([image("1"), image("2")]), "registry-unreachable");
    if (world.asked > before) times.push(second);
    world.nowMs += 1000;
  }
  assert.deepEqual(times, [0, 1, 3, 7, 15, 31, 63, 123, 183, 243]);
  assert.equal(await verdict([image("1")]), "signed");
  assert.equal(await verdict([image("2"), "registry.test/app:v3"]), "image-not-pinned", "a refusal comes first");
  world.isDown = false;
  world.nowMs += 60_000;
  assert.equal(await verdict([image("1"), image("2")]), "signed");
});
