import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { noDockerRegistry, startDockerRegistry } from "../../src/io/registry/network/docker-registry-in-test.ts";
import { ociLayout } from "../../src/io/registry/oci-layout.ts";
import { digestOf, manifestOf, manifestType } from "../../src/io/registry/registry-contract-in-test.ts";
import { pushLayout } from "./push.ts";

const skip = await noDockerRegistry();

test("the named images of a folder are copied, each under its name", skip === undefined ? {} : { skip }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "plumbline-push-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const layout = ociLayout(folder);
  const name = "plumbline.local/team/backend";
  const manifest = await manifestOf(layout, name, "layer");
  await layout.putManifest(name, "v1", manifest, manifestType);
  await layout.putManifest(name, undefined, await manifestOf(layout, name, "unnamed"), manifestType);
  const { host } = await startDockerRegistry(t);
  for (let round = 0; round < 2; round += 1) {
    assert.deepEqual(await pushLayout(folder, `http://${host}`), [`${name}:v1`]);
  }
  const answer = await fetch(`http://${host}/v2/team/backend/manifests/v1`, { headers: { accept: manifestType } });
  assert.equal(digestOf(Buffer.from(await answer.arrayBuffer())), digestOf(manifest));
});
