import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fingerprint } from "../io/files/fingerprint.ts";
import { commitFiles } from "../io/git/git-contract-in-test.ts";
import { openMirror } from "../io/git/mirror.ts";
import { newSigner } from "../io/git/signer-in-test.ts";
import { temporaryRepository } from "../io/git/temporary-repository-in-test.ts";
import { readDeployment } from "../source/deployment.ts";
import { Endorsements } from "./endorsed.ts";

test("the engine signs no images, and puts back no state, that only the delivery log speaks of (behaviour G3)", async (t) => {
  const { root, remote } = temporaryRepository(t);
  const alice = newSigner(root, "alice");
  const signers = join(root, "allowed_signers");
  writeFileSync(signers, `alice@example.com ${alice.publicKey}\n`);
  const signing = await openMirror({ url: remote, folder: join(root, "alice"), signingKey: alice.key });
  const plain = await openMirror({ url: remote, folder: join(root, "plain") });
  for (const git of [signing, plain]) t.after(() => git.close());
  const image = `registry.example/app:1@sha256:${"a".repeat(64)}`;
  const evil = `registry.example/app:1@sha256:${"b".repeat(64)}`;
  const signed = await commitFiles(signing, undefined, {
    "delivery.yaml": "require: signed\nenvironments: { staging: {}, production: { promote: { from: staging } } }\n",
    "staging/app/app.yaml": `image: ${image}\n`,
    "production/app/app.yaml": `image: ${image}\n`,
  });
  assert.deepEqual(await signing.push(signed, "main", undefined), { kind: "pushed" });
  assert.ok((await plain.fetch()).ok);
  const unsigned = await commitFiles(plain, signed, { "staging/app/app.yaml": `image: ${evil}\n` });

  const deployment = await readDeployment(plain, signed);
  assert.ok(deployment.ok);
  const [production, staging] = deployment.value.applications.map(({ application }) => application);
  assert.ok(production && staging);
  const trusting = (signsItself: boolean) =>
    new Endorsements(plain, {
      allowed: { signers },
      allowedNow: () => fingerprint([signers]),
      always: false,
      signsItself,
    });
  const code = async (commit: string, images: readonly string[], signsItself = true): Promise<string | undefined> =>
    (await trusting(signsItself).againstPromoting(production, staging, { from: staging.id, commit, images }))?.code;
  assert.equal(await code(signed, [image]), undefined);
  assert.equal(await code(signed, [evil]), "promotion-forged");
  assert.equal(await code(unsigned, [evil]), "commit-not-signed");
  assert.equal(await code(signed, [image], false), "promotion-unsigned");

  const trust = trusting(true);
  const healthyAt = "2026-01-01T00:00:00.000Z";
  const treeOf = async (commit: string): Promise<string> => (await plain.treeAt(commit, "staging/app")) ?? "";
  const restoring = async (commit: string, tree: string): Promise<string | undefined> =>
    (await trust.againstRestoring({ commit, tree, healthyAt }, staging))?.code;
  assert.equal(await restoring(signed, await treeOf(signed)), undefined);
  assert.equal(await restoring(signed, await treeOf(unsigned)), "healthy-tree-forged");
  assert.equal(await restoring(unsigned, await treeOf(unsigned)), "commit-not-signed");
});
