import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";
import { noDockerRegistry } from "../io/registry/network/docker-registry-in-test.ts";
import { ociLayout } from "../io/registry/oci-layout.ts";
import type { Registry } from "../io/registry/registry.ts";
import { architectures, makeNetworkWorld } from "./network-release-in-test.ts";
import { provenanceType } from "./provenance.ts";
import { at, digests, doors, git } from "./release-in-test.ts";
import { sbomType } from "./sbom.ts";
import { isSigned } from "./signature.ts";

const skip = await noDockerRegistry();
const options = skip === undefined ? {} : { skip };
const json = (content: Buffer): Record<string, unknown> =>
  JSON.parse(content.toString("utf8")) as Record<string, unknown>;

async function blob(registry: Registry, repository: string, digest: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of registry.readBlob(repository, digest)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** What refers to an image: the document of each artifact type. */
async function documents(registry: Registry, repository: string, digest: string): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  for (const { artifactType, digest: id } of await registry.referrers(repository, digest)) {
    const { layers } = json(await registry.readManifest(repository, id)) as { layers: { digest: string }[] };
    found.set(artifactType, await blob(registry, repository, layers[0]?.digest ?? ""));
  }
  return found;
}

test("a release to a registry pins what is there, and a second one sends no byte", options, async (t) => {
  const world = await makeNetworkWorld(t);
  const { registry, name, through, proxy } = world;
  const released = await world.release({}, through);
  const [one = "", two = ""] = digests(released);
  assert.match(at(world, "main:staging/probe/app.yaml"), new RegExp(`${name}/one:${released.commit}@${one}`));
  assert.match(at(world, "main:staging/probe/app.yaml"), new RegExp(`${name}/two:${released.commit}@${two}`));
  assert.equal(await registry.resolve(`${name}/one`, released.commit), one);

  const index = json(await registry.readManifest(`${name}/two`, two)) as {
    manifests: { platform: object; digest: string }[];
  };
  assert.deepEqual(
    index.manifests.map(({ platform }) => platform),
    architectures.map((architecture) => ({ architecture, os: "linux" })),
  );
  const layers = await Promise.all(
    index.manifests.map(
      async ({ digest }) => json(await registry.readManifest(`${name}/two`, digest))["layers"] as { digest: string }[],
    ),
  );
  assert.notEqual(layers[0]?.[0]?.digest, layers[1]?.[0]?.digest, "each platform has the base's layer for it");
  assert.deepEqual(layers[0]?.slice(1), layers[1]?.slice(1), "and both have the same application");
  assert.equal((await blob(registry, `${name}/two`, layers[0]?.[0]?.digest ?? "")).length, 200_000);

  const sent = proxy.uploadedBytes;
  const again = await world.release({}, through);
  assert.deepEqual(digests(again), [one, two]);
  assert.equal(again.deployment.commit, undefined);
  assert.equal(proxy.uploadedBytes - sent, 0);

  world.write("two/main.js", "console.log('changed');\n");
  world.commit("Change two");
  const changed = await world.release({}, through);
  for (const { pushedBytes } of changed.images) assert.ok(pushedBytes > 0 && pushedBytes < 16_000, String(pushedBytes));
  const bytes = proxy.uploadedBytes - sent;
  assert.ok(bytes < 40_000, `a change of code sent ${bytes} bytes`);
});

test("an SBOM and provenance refer to the image, the same bytes from any folder", options, async (t) => {
  const world = await makeNetworkWorld(t);
  const { registry, name, through, base } = world;
  const released = await world.release({}, through);
  const [, two = ""] = digests(released);
  const found = await documents(registry, `${name}/two`, two);
  assert.deepEqual([...found.keys()].toSorted(), [sbomType, provenanceType].toSorted());
  const sbom = json(found.get(sbomType) ?? Buffer.alloc(0)) as {
    components: { name: string; purl?: string }[];
    metadata: { timestamp: string };
  };
  assert.equal(sbom.metadata.timestamp, "2026-01-02T03:04:05Z", "the commit's time");
  assert.deepEqual(
    sbom.components.flatMap(({ purl }) => purl ?? []),
    ["pkg:npm/%40a/left@1.0.0"],
  );
  assert.equal(sbom.components.filter(({ name: each }) => each.startsWith(base.split("@")[0] ?? "")).length, 2);
  const provenance = json(found.get(provenanceType) ?? Buffer.alloc(0)) as {
    subject: unknown;
    predicateType: string;
    predicate: { buildDefinition: { resolvedDependencies: { digest: object }[] } };
  };
  assert.deepEqual(provenance.subject, [{ name: `${name}/two`, digest: { sha256: two.slice(7) } }]);
  assert.equal(provenance.predicateType, "https://slsa.dev/provenance/v1");
  assert.deepEqual(provenance.predicate.buildDefinition.resolvedDependencies[0]?.digest, {
    gitCommit: released.commit,
  });

  const clone = join(world.root, "deeper", "clone");
  git(world.root, "clone", "-q", world.source, clone);
  const folder = join(world.root, "elsewhere");
  const registryElsewhere = { kind: "layout", folder, name } as const;
  const elsewhere = await world.release(
    { source: clone, registry: registryElsewhere, deployment: { repository: world.deployment } },
    through,
  );
  assert.deepEqual(digests(elsewhere), digests(released));
  const there = await documents(ociLayout(folder), `${name}/two`, two);
  for (const [type, content] of found) assert.ok(there.get(type)?.equals(content), type);
});

for (const [kind, key] of [
  ["ed25519", generateKeyPairSync("ed25519")],
  ["ECDSA", generateKeyPairSync("ec", { namedCurve: "P-256" })],
] as const) {
  test(`an image is signed by an ${kind} key once, whenever the key comes`, options, async (t) => {
    const world = await makeNetworkWorld(t);
    const { registry, name, through, proxy } = world;
    const [one = "", two = ""] = digests(await world.release({}, through));
    assert.equal(await isSigned(registry, `${name}/two`, two, key.publicKey), false);
    const signKey = key.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    await world.release({ signKey }, through);
    assert.equal(await isSigned(registry, `${name}/one`, one, key.publicKey), true);
    assert.equal(await isSigned(registry, `${name}/two`, two, key.publicKey), true);
    assert.equal(await isSigned(registry, `${name}/two`, two, generateKeyPairSync("ed25519").publicKey), false);
    const sent = proxy.uploadedBytes;
    await world.release({ signKey }, through);
    assert.equal(proxy.uploadedBytes, sent, "signed already");
    const wrong = await world.attempt({ signKey: "no key" }, through);
    assert.ok(!wrong.ok && wrong.problems[0]?.code === "sign-key-invalid");
  });
}

test("a release that cannot reach its registry, or lacks an account, says so and pins nothing", options, async (t) => {
  const world = await makeNetworkWorld(t);
  const before = git(world.deployment, "rev-parse", "main");
  const unknown = await world.attempt({}, doors());
  assert.ok(!unknown.ok);
  assert.equal(unknown.problems[0]?.code, "registry-unauthorized");
  assert.match(unknown.problems[0]?.remedy ?? "", /docker login/);
  const away = await world.attempt({ registry: { kind: "network", name: "127.0.0.1:1/team", insecure: false } });
  assert.ok(!away.ok);
  assert.equal(away.problems[0]?.code, "registry-unreachable");
  assert.match(away.problems[0]?.message ?? "", /127\.0\.0\.1:1/);
  assert.equal(git(world.deployment, "rev-parse", "main"), before);
});

test("a release that was interrupted by the registry is completed by the next one", options, async (t) => {
  const world = await makeNetworkWorld(t);
  const { through, proxy, registry, name } = world;
  let count = 0;
  // Every fifth request meets a fault, of each kind in turn; with 4 tries some releases end early.
  proxy.random = () => {
    count += 1;
    return (count * 0.37) % 1;
  };
  for (let round = 0; round < 3; round += 1) await world.attempt({}, through);
  proxy.random = undefined;
  const released = await world.release({}, through);
  assert.ok(proxy.faults.size > 0);
  for (const [index, image] of ["one", "two"].entries()) {
    const digest = digests(released)[index] ?? "";
    assert.equal((await documents(registry, `${name}/${image}`, digest)).size, 2, image);
  }
});
