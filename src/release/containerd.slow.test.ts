import assert from "node:assert/strict";
import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test, type TestContext } from "node:test";
import { promisify } from "node:util";
import { isCached } from "../../tools/kubernetes/cache.ts";
import { debianPackages, debianProgram } from "../../tools/kubernetes/packages.ts";
import { commandOf, findPackages } from "../io/registry/network/debian-program-in-test.ts";
import { account, noDockerRegistry } from "../io/registry/network/docker-registry-in-test.ts";
import { makeNetworkWorld } from "./network-release-in-test.ts";
import { digests, makeWorld } from "./release-in-test.ts";

const root = await findPackages(
  (await isCached(debianPackages)) ? debianPackages : debianProgram("containerd", ["containerd", "libc6"]),
);
const lacking = typeof root === "string" ? await noDockerRegistry() : root.message;
const options = lacking === undefined ? {} : { skip: lacking };
const isRoot = process.getuid?.() === 0;

type Ctr = (...args: readonly string[]) => Promise<string>;

/** Starts Debian's containerd in folders of its own, without anything that a node needs; it ends with the test. */
async function startContainerd(t: TestContext, folder: string): Promise<Ctr> {
  mkdirSync(folder);
  const at = (name: string): string => join(folder, name);
  const quote = (name: string): string => JSON.stringify(at(name));
  const plugins = ["grpc.v1.cri", "internal.v1.opt", "internal.v1.restart", "nri.v1.nri", "tracing.processor.v1.otlp"];
  const snapshotters = ["overlayfs", "btrfs", "devmapper", "zfs", "blockfile"].map((each) => `snapshotter.v1.${each}`);
  writeFileSync(
    at("config.toml"),
    `version = 2
root = ${quote("root")}
state = ${quote("state")}
disabled_plugins = ${JSON.stringify([...plugins, ...snapshotters].map((each) => `io.containerd.${each}`))}
[grpc]
address = ${quote("sock")}
[ttrpc]
address = ${quote("ttrpc")}
`,
  );
  const [loader, ...before] = await commandOf(String(root), "usr/bin/containerd");
  const child = spawn(loader, [...before, "--config", at("config.toml")], { stdio: ["ignore", "ignore", "pipe"] });
  const ended = once(child, "exit");
  t.after(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  let said = "";
  for await (const line of createInterface({ input: child.stderr })) {
    said += `${line}\n`;
    if (!line.includes("containerd successfully booted")) continue;
    child.stderr.resume();
    const [ctrLoader, ...ctr] = await commandOf(String(root), "usr/bin/ctr");
    return async (...args) => (await promisify(execFile)(ctrLoader, [...ctr, "--address", at("sock"), ...args])).stdout;
  }
  throw new Error(`containerd ended before it served:\n${said}`);
}

test("containerd fetches what was released, each platform, under the digest that Git pins", options, async (t) => {
  const world = await makeNetworkWorld(t);
  const { name, through } = world;
  const released = await world.release({}, through);
  const [one = "", two = ""] = digests(released);
  const ctr = await startContainerd(t, join(world.root, "containerd"));
  const login = ["--plain-http", "--user", `${account.username}:${account.password}`];
  await ctr("content", "fetch", ...login, "--all-platforms", `${name}/two:${released.commit}@${two}`);
  const held = await ctr("content", "ls", "--quiet");
  assert.ok(held.includes(two), held);
  // It verifies each blob by its digest as it comes; here it has all that the index leads to.
  const index = JSON.parse(await ctr("content", "get", two)) as { manifests: readonly { digest: string }[] };
  for (const { digest } of index.manifests) {
    const { config, layers } = JSON.parse(await ctr("content", "get", digest)) as {
      config: { digest: string };
      layers: readonly { digest: string }[];
    };
    for (const blob of [config, ...layers]) assert.ok(held.includes(blob.digest), blob.digest);
  }
  await t.test(
    "and unpacks it",
    { skip: !isRoot && "its snapshots are mounts, which only root may make" },
    async () => {
      await ctr("images", "pull", ...login, "--local", "--snapshotter=native", `${name}/one:${released.commit}@${one}`);
      const listed = await ctr("images", "ls");
      assert.match(listed, new RegExp(`${name}/one:${released.commit}@${one} .*${one}`));
      const checked = await ctr("images", "check", "--snapshotter=native");
      assert.match(checked, /complete .*true\s*$/m, checked);
    },
  );
});

test("containerd imports a folder of images", options, async (t) => {
  const world = makeWorld(t);
  const released = await world.release();
  const [one = ""] = digests(released);
  const ctr = await startContainerd(t, join(world.root, "containerd"));
  const archive = join(world.root, "images.tar");
  execFileSync("tar", ["-cf", archive, "-C", join(world.root, "images"), "oci-layout", "index.json", "blobs"]);
  await ctr("images", "import", "--no-unpack", archive);
  assert.match(await ctr("images", "ls"), new RegExp(`plumbline\\.local/one:${released.commit} .*${one}`));
});
