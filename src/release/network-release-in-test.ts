import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { TestContext } from "node:test";
import { account, startDockerRegistry } from "../io/registry/network/docker-registry-in-test.ts";
import { startFaultyProxy } from "../io/registry/network/faulty-proxy-in-test.ts";
import type { Registry } from "../io/registry/registry.ts";
import { digestOf, mediaTypes } from "./image.ts";
import { doors, git, makeWorld, manifest, releaseYaml, type World } from "./release-in-test.ts";

/** For tests: what the base is for. */
export const architectures = ["amd64", "arm64"];

/** For tests: a base for two platforms whose layers are larger than all that is built here. */
export async function pushBase(registry: Registry, repository: string): Promise<string> {
  const put = async (mediaType: string, content: Buffer): Promise<object> => {
    const { digest, size } = await registry.putBlob(repository, () => Readable.from([content]));
    return { mediaType, digest, size };
  };
  const manifests = [];
  for (const architecture of architectures) {
    const layer = Buffer.alloc(200_000, architecture);
    const rootfs = { type: "layers", diff_ids: [digestOf(layer)] };
    const config = { architecture, os: "linux", config: { Env: ["BASE=1"] }, rootfs };
    const content = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.manifest,
        config: await put(mediaTypes.config, Buffer.from(JSON.stringify(config))),
        layers: [await put(mediaTypes.layer, layer)],
      }),
    );
    const { digest, size } = await registry.putManifest(repository, undefined, content, mediaTypes.manifest);
    manifests.push({ mediaType: mediaTypes.manifest, digest, size, platform: { os: "linux", architecture } });
  }
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests }));
  return (await registry.putManifest(repository, "v1", index, mediaTypes.index)).digest;
}

/** For tests: an application that is released to a registry. */
export interface NetworkWorld extends World {
  readonly name: string;
  readonly through: ReturnType<typeof doors>;
  readonly registry: Registry;
  readonly proxy: Awaited<ReturnType<typeof startFaultyProxy>>;
  readonly base: string;
}

/** For tests: a world whose images go to a registry with a password, and whose second image stands on a base of another registry. */
export async function makeNetworkWorld(t: TestContext): Promise<NetworkWorld> {
  const world = makeWorld(t);
  const proxy = await startFaultyProxy(t, (await startDockerRegistry(t, { password: true })).host);
  const { host: other } = await startDockerRegistry(t);
  mkdirSync(join(world.root, "docker"));
  const auth = Buffer.from(`${account.username}:${account.password}`).toString("base64");
  writeFileSync(join(world.root, "docker/config.json"), JSON.stringify({ auths: { [proxy.host]: { auth } } }));
  const through = doors({ DOCKER_CONFIG: join(world.root, "docker") }, join(world.root, "cache"));
  const name = `${proxy.host}/team`;
  const open = (at: string): Registry =>
    through.openRegistry({ kind: "network", name: at, insecure: false }, () => undefined);
  const base = `${other}/bases/probe@${await pushBase(open(other), `${other}/bases/probe`)}`;
  const seed = join(world.root, "seed");
  writeFileSync(join(seed, "staging/probe/app.yaml"), manifest.replaceAll("plumbline.local", name));
  git(seed, "commit", "-q", "-am", "Name the registry");
  git(seed, "push", "-q", world.deployment, "main");
  world.write(
    "release.yaml",
    releaseYaml.replace("oci:../images", name).replace("two, base: node", `two, base: "${base}"`),
  );
  const locked = { version: "1.0.0", license: "MIT", integrity: "sha512-AAAA" };
  const packages = { "": locked, "node_modules/@a/left": locked, "node_modules/right": { ...locked, dev: true } };
  world.write("two/package-lock.json", JSON.stringify({ packages }));
  world.commit("Release to a registry");
  return { ...world, name, through, registry: open(name), proxy, base };
}
