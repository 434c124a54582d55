import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { debianProgram } from "../../tools/kubernetes/packages.ts";
import { commandOf, findPackages } from "../io/registry/network/debian-program-in-test.ts";
import { noDockerRegistry } from "../io/registry/network/docker-registry-in-test.ts";
import { ociLayout } from "../io/registry/oci-layout.ts";
import { makeNetworkWorld } from "./network-release-in-test.ts";
import { digests, makeWorld } from "./release-in-test.ts";

const root = await findPackages(
  debianProgram("skopeo", ["skopeo", "libassuan9", "libc6", "libgpg-error0", "libgpgme11t64", "libsqlite3-0"]),
);
const lacking = typeof root === "string" ? await noDockerRegistry() : root.message;
const options = lacking === undefined ? {} : { skip: lacking };

/** Runs skopeo and gives what it says. */
async function skopeo(...args: readonly string[]): Promise<string> {
  const [loader, ...before] = await commandOf(String(root), "usr/bin/skopeo");
  return (await promisify(execFile)(loader, [...before, "--insecure-policy", ...args])).stdout;
}

interface Inspected {
  readonly Digest: string;
  readonly RepoTags: readonly string[];
  readonly Labels: Readonly<Record<string, string>>;
  readonly Architecture: string;
}

test("skopeo inspects what was released, and copies it whole under the same digest", options, async (t) => {
  const world = await makeNetworkWorld(t);
  const { name, through } = world;
  const released = await world.release({}, through);
  const [one = "", two = ""] = digests(released);
  const authfile = `--authfile=${join(world.root, "docker/config.json")}`;
  for (const [image, digest] of [
    ["one", one],
    ["two", two],
  ]) {
    const source = `docker://${name}/${image}:${released.commit}`;
    const inspected = JSON.parse(await skopeo("inspect", "--tls-verify=false", authfile, source)) as Inspected;
    assert.equal(inspected.Digest, digest, image);
    assert.ok(inspected.RepoTags.includes(released.commit));
    assert.equal(inspected.Labels["org.opencontainers.image.revision"], released.commit);
    assert.equal(inspected.Labels["org.opencontainers.image.title"], image);

    const copy = join(world.root, `copy-${image}`);
    const flags = ["--all", "--preserve-digests", "--src-tls-verify=false", `--src-${authfile.slice(2)}`];
    await skopeo("copy", ...flags, source, `oci:${copy}:${image}`);
    assert.equal(await ociLayout(copy).hasManifest(image ?? "", digest ?? ""), true);
  }
});

test("skopeo reads a folder of images as it reads a registry", options, async (t) => {
  const world = makeWorld(t);
  const released = await world.release();
  const [one = ""] = digests(released);
  const source = `oci:${join(world.root, "images")}:plumbline.local/one:${released.commit}`;
  const inspected = JSON.parse(await skopeo("inspect", source)) as Inspected;
  assert.equal(inspected.Digest, one);
  assert.equal(inspected.Architecture, "amd64");
  await skopeo("copy", "--preserve-digests", source, `oci:${join(world.root, "copy")}:one`);
  assert.equal(await ociLayout(join(world.root, "copy")).hasManifest("one", one), true);
});
