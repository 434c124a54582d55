import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { appendFile, mkdtemp, readdir, readFile, readlink } from "node:fs/promises";
import { join, relative } from "node:path";
import { test, type TestContext } from "node:test";

import { startTestCluster, type TestCluster } from "../../cluster/node/cluster-in-test.ts";
import type { Pod } from "../../cluster/node/pod.ts";
import { type LayerEntry, writeLayout } from "../../cluster/node/layout-in-test.ts";
import { debianProgram } from "../../tools/kubernetes/packages.ts";
import { systemClock } from "../io/clock/clock.ts";
import { systemProcesses } from "../io/process/system-processes.ts";
import { findPackages } from "../io/registry/network/debian-program-in-test.ts";
import { account, noDockerRegistry, startDockerRegistry } from "../io/registry/network/docker-registry-in-test.ts";
import { startFaultyProxy } from "../io/registry/network/faulty-proxy-in-test.ts";
import { networkRegistry } from "../io/registry/network/network-registry.ts";
import { pullFromRegistries } from "./pull-images.ts";

const skip = await noDockerRegistry();
const options = skip === undefined ? {} : { skip };
const program = `console.log("it runs"); setInterval(() => undefined, 1000);`;
const manifestType = "application/vnd.oci.image.manifest.v1+json";
const indexType = "application/vnd.oci.image.index.v1+json";

const dockerConfig = (host: string, password = account.password): string =>
  JSON.stringify({ auths: { [host]: { auth: Buffer.from(`${account.username}:${password}`).toString("base64") } } });

interface Bench extends TestCluster {
  readonly host: string;
  readonly proxy: Awaited<ReturnType<typeof startFaultyProxy>>;
  /** Where the registry keeps a blob. */
  readonly blobFile: (digest: string) => string;
  /** Pushes an image and gives its digest. */
  push(name: string, tag: string | undefined, layers?: readonly (readonly LayerEntry[])[]): Promise<string>;
  /** Pushes an index over manifests and gives its digest. */
  pushIndex(name: string, tag: string, manifests: readonly object[]): Promise<string>;
  addSecret(name: string, config: string): Promise<void>;
}

/** A node, and a registry with a password behind something that counts requests. */
async function makeBench(t: TestContext): Promise<Bench> {
  const { host: behind, folder } = await startDockerRegistry(t, { password: true });
  const proxy = await startFaultyProxy(t, behind);
  const { host } = proxy;
  const doors = { clock: systemClock, random: () => 0.5, processes: systemProcesses, environment: {} };
  const registry = networkRegistry({ ...doors, location: host, logins: [dockerConfig(host)] });
  const cluster = await startTestCluster(t, {
    pull: pullFromRegistries({ clock: systemClock, random: () => 0.5, env: {} }),
  });
  return {
    ...cluster,
    host,
    proxy,
    blobFile: (digest) => {
      const hex = digest.slice(7);
      return join(folder, "docker/registry/v2/blobs/sha256", hex.slice(0, 2), hex, "data");
    },
    async push(name, tag, layers = [[{ name: "app/main.js", text: program }]]) {
      const layout = await mkdtemp(join(cluster.folder, "push-"));
      const config = { Entrypoint: ["node", "main.js"], WorkingDir: "/app" };
      const [digest = ""] = await writeLayout(layout, [{ ref: "x", layers, config }]);
      const file = (of: string): string => join(layout, "blobs/sha256", of.slice(7));
      const manifest = await readFile(file(digest));
      const parsed = JSON.parse(manifest.toString()) as { config: Sized; layers: readonly Sized[] };
      for (const blob of [parsed.config, ...parsed.layers]) {
        await registry.putBlob(`${host}/${name}`, () => createReadStream(file(blob.digest)), blob);
      }
      return (await registry.putManifest(`${host}/${name}`, tag, manifest, manifestType)).digest;
    },
    pushIndex: async (name, tag, manifests) => {
      const content = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests }));
      return (await registry.putManifest(`${host}/${name}`, tag, content, indexType)).digest;
    },
    addSecret: async (name, config) => {
      const data = { ".dockerconfigjson": Buffer.from(config).toString("base64") };
      const metadata = { name, namespace: "default" };
      const secret = { apiVersion: "v1", kind: "Secret", metadata, type: "kubernetes.io/dockerconfigjson", data };
      await cluster.client.create({ group: "", resource: "secrets" }, secret);
    },
  };
}

interface Sized {
  readonly digest: string;
  readonly size: number;
}

const status = (pod: Pod) => pod.status?.containerStatuses?.[0];
const runs = (pod: Pod): boolean => status(pod)?.state?.running !== undefined;
const waits = (reason: string) => (pod: Pod) => status(pod)?.state?.waiting?.reason === reason;

test(
  "an image is pulled from a registry by the account that the pod, or its service account, names",
  options,
  async (t) => {
    const bench = await makeBench(t);
    const { host, client } = bench;
    const digest = await bench.push("team/app", "v1");
    await bench.addSecret("pull", dockerConfig(host));
    await bench.run(
      "own",
      { image: `${host}/team/app:v1` },
      { imagePullSecrets: [{ name: "absent" }, { name: "pull" }] },
    );
    const own = await bench.when("own", runs);
    assert.equal(status(own)?.imageID, `${host}/team/app@${digest}`);
    assert.ok(
      bench
        .events("own")
        .includes(
          "FailedToRetrieveImagePullSecret: Unable to retrieve some image pull secrets (absent); attempting to pull the image may not succeed.",
        ),
    );
    const accounts = { group: "", resource: "serviceaccounts" };
    await client.mergePatch(accounts, "default", "default", { imagePullSecrets: [{ name: "pull" }] });
    await bench.run("by-account", { image: `${host}/team/app@${digest}` });
    assert.deepEqual((await bench.when("by-account", runs)).spec?.imagePullSecrets, [{ name: "pull" }]);
    assert.ok(bench.events("by-account").some((event) => event.startsWith("Pulled: Successfully pulled image")));
  },
);

test("a pull that fails says what the registry said, and shows no password", options, async (t) => {
  const bench = await makeBench(t);
  const { host } = bench;
  await bench.push("team/app", "v1");
  await bench.addSecret("pull", dockerConfig(host));
  await bench.addSecret("wrong", dockerConfig(host, "planted-password"));
  const imagePullSecrets = [{ name: "pull" }];
  await bench.run("anonymous", { image: `${host}/team/app:v1` });
  await bench.run("wrong", { image: `${host}/team/app:v1` }, { imagePullSecrets: [{ name: "wrong" }] });
  await bench.run("absent", { image: `${host}/team/app:v2` }, { imagePullSecrets });
  await bench.run("away", { image: "127.0.0.1:1/team/app:v1" });
  const said = async (name: string): Promise<string> => {
    const failed = status(await bench.when(name, waits("ImagePullBackOff")))?.state?.waiting?.message ?? "";
    assert.match(failed, /^Back-off pulling image "127\S+": ErrImagePull: rpc error: code = \w+ desc = failed to pull/);
    return failed;
  };
  assert.match(await said("anonymous"), /would not show v1 of team\/app: it answered 401 Unauthorized/);
  assert.match(await said("wrong"), /it answered 401 Unauthorized/);
  assert.match(await said("absent"), /v2: not found$/);
  assert.match(await said("away"), /127\.0\.0\.1:1 did not answer: .*ECONNREFUSED.*; this may be temporary$/);
  const secret = Buffer.from(`${account.username}:planted-password`).toString("base64");
  for (const name of ["anonymous", "wrong", "absent", "away"]) {
    const everything = JSON.stringify([await bench.when(name, () => true), bench.events(name)]);
    assert.ok(!everything.includes("planted-password") && !everything.includes(secret), name);
  }
});

test("Always asks the registry each time, IfNotPresent once, Never not at all", options, async (t) => {
  const bench = await makeBench(t);
  const { host, proxy } = bench;
  await bench.push("team/app", "v1");
  await bench.addSecret("pull", dockerConfig(host));
  const imagePullSecrets = [{ name: "pull" }];
  const requested = async (name: string, policy: string): Promise<number> => {
    const before = proxy.requests.length;
    await bench.run(name, { image: `${host}/team/app:v1`, imagePullPolicy: policy }, { imagePullSecrets });
    await bench.when(name, policy === "Never" && name === "never" ? waits("ErrImageNeverPull") : runs);
    return proxy.requests.length - before;
  };
  assert.equal(await requested("never", "Never"), 0);
  assert.ok((await requested("first", "IfNotPresent")) > 2);
  assert.equal(await requested("second", "IfNotPresent"), 0);
  const again = await requested("always", "Always");
  assert.ok(again > 0 && again < 6, `${again} requests: no layer is fetched again`);
});

test(
  "of an index the manifest for this machine is taken; content with another digest is refused",
  options,
  async (t) => {
    const bench = await makeBench(t);
    const { host } = bench;
    await bench.addSecret("pull", dockerConfig(host));
    const imagePullSecrets = [{ name: "pull" }];
    const right = await bench.push("team/app", undefined);
    const wrong = await bench.push("team/app", undefined, [[{ name: "app/main.js", text: "process.exit(3)" }]]);
    const entry = (digest: string, architecture: string): object => {
      return { mediaType: manifestType, digest, size: 1, platform: { os: "linux", architecture } };
    };
    const here = process.arch === "x64" ? "amd64" : process.arch;
    const index = await bench.pushIndex("team/app", "both", [entry(wrong, "s390x"), entry(right, here)]);
    await bench.pushIndex("team/app", "none", [entry(wrong, "s390x")]);
    await bench.run("both", { image: `${host}/team/app:both` }, { imagePullSecrets });
    assert.equal(status(await bench.when("both", runs))?.imageID, `${host}/team/app@${index}`);
    await bench.run("none", { image: `${host}/team/app:none` }, { imagePullSecrets });
    const none = await bench.when("none", waits("ErrImagePull"));
    assert.match(status(none)?.state?.waiting?.message ?? "", /no match for platform in manifest/);

    const layer = await bench.push("team/changed", "v1", [[{ name: "app/other.js", text: program }]]);
    await appendFile(bench.blobFile((await layersOf(bench.blobFile(layer)))[0] ?? ""), " ");
    await bench.run("changed", { image: `${host}/team/changed@${layer}` }, { imagePullSecrets });
    const changed = await bench.when("changed", waits("ErrImagePull"));
    assert.match(status(changed)?.state?.waiting?.message ?? "", /answered with other content/);
  },
);

test(
  "many pods pull one image's layers once; a pod that goes ends its pull, and one that stays has it",
  options,
  async (t) => {
    const bench = await makeBench(t);
    const { host, proxy, client } = bench;
    await bench.addSecret("pull", dockerConfig(host));
    const imagePullSecrets = [{ name: "pull" }];
    const more = [{ name: "app/more", text: "more" }];
    const digest = await bench.push("team/app", "v1", [[{ name: "app/main.js", text: program }], more]);
    const layers = await layersOf(bench.blobFile(digest));
    const names = Array.from({ length: 8 }, (_, at) => `p${at}`);
    for (const name of names) await bench.run(name, { image: `${host}/team/app:v1` }, { imagePullSecrets });
    await Promise.all(names.map((name) => bench.when(name, runs)));
    for (const layer of layers) {
      assert.equal(proxy.requests.filter((line) => line === `GET /v2/team/app/blobs/${layer}`).length, 1);
    }

    const slow = await bench.push("team/slow", "v1", [[{ name: "app/main.js", text: `${program}//` }]]);
    const [held = ""] = await layersOf(bench.blobFile(slow));
    const reached = new Promise<void>((resolve) => {
      proxy.gate = (line) => {
        if (!line.endsWith(held)) return Promise.resolve();
        resolve();
        return new Promise(() => undefined);
      };
    });
    await bench.run("goes", { image: `${host}/team/slow:v1` }, { imagePullSecrets });
    await reached;
    await bench.run("stays", { image: `${host}/team/slow:v1` }, { imagePullSecrets });
    proxy.gate = undefined;
    await client.delete({ group: "", resource: "pods" }, "default", "goes", { gracePeriodSeconds: 0 });
    await bench.gone("goes");
    await bench.when("stays", runs);
    assert.ok(!bench.events("goes").some((event) => event.startsWith("Failed")), "what was called off did not fail");
  },
);

async function layersOf(manifest: string): Promise<readonly string[]> {
  const { layers } = JSON.parse(await readFile(manifest, "utf8")) as { layers: readonly Sized[] };
  return layers.map(({ digest }) => digest);
}

const debian = await findPackages(debianProgram("dash", ["dash", "libc6"]));
const noDebian = typeof debian === "string" ? skip : debian.message;

test(
  "a program of a distribution runs by the loader and the libraries of its image",
  noDebian === undefined ? {} : { skip: noDebian },
  async (t) => {
    const bench = await makeBench(t);
    await bench.addSecret("pull", dockerConfig(bench.host));
    await bench.push("team/debian", "v1", [await entriesOf(String(debian))]);
    const looksForItsLibrary = `while read -r line; do case $line in *"$HOME"*libc.so.6) exit 0 ;; esac; done < /proc/self/maps; exit 3`;
    await bench.run(
      "debian",
      { image: `${bench.host}/team/debian:v1`, command: ["sh", "-c", looksForItsLibrary] },
      { imagePullSecrets: [{ name: "pull" }], restartPolicy: "Never" },
    );
    const ended = await bench.when("debian", (pod) => status(pod)?.state?.terminated !== undefined);
    assert.equal(status(ended)?.state?.terminated?.exitCode, 0, JSON.stringify(status(ended)));
  },
);

/** What of unpacked packages a program needs to run. */
async function entriesOf(root: string): Promise<readonly LayerEntry[]> {
  const entries: LayerEntry[] = [];
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(root, path);
    if (/^usr\/share|gconv/.test(name)) continue;
    if (entry.isSymbolicLink()) entries.push({ name, type: "symlink", linkname: await readlink(path) });
    else if (entry.isFile()) entries.push({ name, mode: 0o755, text: await readFile(path) });
  }
  return entries;
}
