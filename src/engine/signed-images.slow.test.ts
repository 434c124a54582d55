import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { ociLayout } from "../io/registry/oci-layout.ts";
import type { Registry } from "../io/registry/registry.ts";
import { ProblemError } from "../model/problem.ts";
import type { DeliveryRecord } from "../model/record.ts";
import { imageKeys } from "../pins/image-key.ts";
import { signImage } from "../release/signature.ts";
import type { ImageTrust } from "./signed-images.ts";
import { configMapYaml, deliveryYaml, deploymentYaml, namespaceYaml, openWorkbench } from "./workbench-in-test.ts";

const required = (rollout?: string): string => `require: [signed-images]\n${deliveryYaml(rollout)}`;
const pem = (key: KeyObject): string => key.export({ type: "spki", format: "pem" }).toString();

/** A workbench, a registry of signatures that can be cut off, and keys of which the engine allows the first. */
async function openSigned(t: TestContext) {
  const bench = await openWorkbench(t);
  const [alice, mallory] = [generateKeyPairSync("ed25519"), generateKeyPairSync("ed25519")];
  const layout = ociLayout(join(bench.folder, "signatures"));
  const world = { isDown: false, allowed: new Map([["alice.pub", pem(alice.publicKey)]]), asked: 0 };
  const registry: Registry = {
    ...layout,
    resolve: async (repository, tag) => {
      world.asked += 1;
      if (world.isDown) throw new ProblemError({ code: "registry-unreachable", message: "The registry is away." });
      return layout.resolve(repository, tag);
    },
  };
  const imageTrust: ImageTrust = { keys: () => Promise.resolve(imageKeys(world.allowed)), registry, always: false };
  const sign = async (image: string, { privateKey }: { privateKey: KeyObject }): Promise<void> => {
    const digest = image.slice(image.indexOf("@") + 1);
    const subject = { mediaType: "application/vnd.oci.image.manifest.v1+json", digest, size: 1 };
    await signImage(registry, "example.test/app", subject, privateKey, new Date(0).toISOString());
  };
  const files = (image: string, mode = "ready"): Readonly<Record<string, string>> => ({
    "staging/one/namespace.yaml": namespaceYaml("one-staging"),
    "staging/one/web.yaml": deploymentYaml("web", mode, { image }),
  });
  const deployed = () => bench.get("apps/v1", "Deployment", "one-staging", "web");
  return { bench, alice, mallory, world, imageTrust, sign, files, deployed };
}

const isAt =
  (outcome: DeliveryRecord["outcome"], commit: string) =>
  (record: DeliveryRecord): boolean =>
    record.outcome === outcome && record.revision.commit === commit;

test("an image that no allowed key signed keeps its revision from the cluster, and the record says all of it (behaviour L5)", async (t) => {
  const { bench, alice, mallory, world, imageTrust, sign, files, deployed } = await openSigned(t);
  const { first, second, picky } = bench.images;
  await sign(first, alice);
  await sign(second, mallory);
  const begun = bench.commit({ "delivery.yaml": required(), ...files(first) }, "Begin");
  const { untilRecord, troubles } = await bench.engine({ imageTrust });
  await untilRecord("staging/one", "signed", isAt("healthy", begun));
  const before = await deployed();

  for (const [image, code, why] of [
    [second, "image-not-signed", /none of its 1 signature is by an allowed key/],
    [`example.test/app:9@sha256:${"9".repeat(64)}`, "image-not-signed", /its registry has no signature of it/],
    ["example.test/app:1", "image-not-pinned", /it is not pinned by digest/],
  ] as const) {
    const commit = bench.commit(files(image), "Sneak");
    const record = await untilRecord("staging/one", `refused ${image}`, isAt("refused", commit));
    assert.match(record.message, why);
    assert.match(record.message, /^staging\/one\/web\.yaml:1: Deployment one-staging\/web, container app: the image /);
    assert.ok(record.message.includes(image), record.message);
    assert.deepEqual([record.problems.length, record.problems[0]?.code], [1, code]);
    if (code === "image-not-signed") assert.match(record.remedy ?? "", /cosign sign .*alice\.pub/);
    assert.deepEqual((await deployed())?.["spec"], before?.["spec"], "nothing was applied");
  }
  assert.deepEqual(troubles, []);

  // A registry that is away is no fault of the revision: it begins as soon as somebody can say that it is signed.
  world.isDown = true;
  const waiting = bench.commit(files(picky), "Next");
  const put = await untilRecord("staging/one", "waits", ({ reason }) => reason === "WaitingForSignatures");
  assert.deepEqual([put.outcome, put.revision.commit], ["progressing", waiting]);
  assert.match(put.message, /container app: nobody can say now whether .* is signed: The registry is away/);
  assert.deepEqual((await deployed())?.["spec"], before?.["spec"], "nothing was applied");
  world.isDown = false;
  await sign(picky, alice);
  const done = await untilRecord("staging/one", "signed after all", isAt("healthy", waiting));
  assert.deepEqual(done.problems, []);

  // What was found signed is not asked about again; without its key it counts no more.
  const asked = world.asked;
  const again = bench.commit({ "staging/one/more.yaml": configMapYaml("more", { a: "1" }) }, "Add to it");
  await untilRecord("staging/one", "not asked again", isAt("healthy", again));
  assert.equal(world.asked, asked);
  world.allowed = new Map([["mallory.pub", pem(mallory.publicKey)]]);
  const late = bench.commit({ "staging/one/more.yaml": configMapYaml("more", { a: "2" }) }, "Late");
  const refused = await untilRecord("staging/one", "its key is gone", isAt("refused", late));
  assert.match(refused.remedy ?? "", /mallory\.pub/);
});

test("a rollback to what is signed is done, and one to what is not is held before anything is written (behaviours B2 and L5)", async (t) => {
  const { bench, alice, imageTrust, sign, files } = await openSigned(t);
  const { first, second } = bench.images;
  const rollout = "{ deadline: 20s, soak: 300ms, maxRestarts: 0 }";
  await sign(second, alice);
  bench.commit({ "delivery.yaml": deliveryYaml(rollout), ...files(first) }, "Begin unsigned");
  const { untilRecord } = await bench.engine({ imageTrust });
  await untilRecord("staging/one", "healthy", ({ outcome }) => outcome === "healthy");
  const broken = bench.commit({ "delivery.yaml": required(rollout), ...files(second, "crash") }, "Sign, and break");
  const heldBack = await untilRecord("staging/one", "held", isAt("held", broken));
  assert.match(heldBack.message, /was not rolled back: The state of .* would be refused: it runs .*no signature of it/);
  assert.match(heldBack.remedy ?? "", /Sign that image/);
  assert.equal(bench.git("rev-parse", "main"), broken, "no commit was written");

  const good = bench.commit(files(second), "Mend");
  await untilRecord("staging/one", "mended", isAt("healthy", good));
  const worse = bench.commit(files(second, "crash"), "Break again");
  const restored = await untilRecord(
    "staging/one",
    "rolled back",
    ({ outcome, revision }) => outcome === "healthy" && revision.undoes === worse,
  );
  assert.equal(restored.lastHealthy?.images?.[0], second);
});

test("without a key nothing may sign, and the record says how to allow one", async (t) => {
  const { bench, files } = await openSigned(t);
  const commit = bench.commit({ "delivery.yaml": required(), ...files(bench.images.first) }, "Begin");
  const { untilRecord } = await bench.engine({});
  const { message, remedy } = await untilRecord("staging/one", "refused", isAt("refused", commit));
  assert.match(`${message} ${remedy}`, /no key may sign.*--allowed-image-keys/s);
});
