import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, readdir, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ociLayout } from "../../src/io/registry/oci-layout.ts";
import { hierarchies } from "./cgroups.ts";
import { build } from "./build.ts";
import { auditLogOf } from "./control-plane.ts";
import { down } from "./down.ts";
import { readInstance, registryOf } from "./instance.ts";
import type { Instance } from "./instance.ts";
import { kubectl } from "./kubectl.ts";
import { makePauseImage } from "./pause.ts";
import { pushLayout } from "./push.ts";
import { run } from "./run.ts";
import { until } from "./until.ts";
import { restart, up } from "./up.ts";

const folder = process.env["PLUMBLINE_KUBERNETES"];
const foreign = "the cluster of KUBECONFIG is not one of tools/kubernetes";

test(
  "a second instance beside the first has pods of its own, survives restarts of kubelet and API server, and leaves nothing",
  {
    skip: folder === undefined && foreign,
  },
  async (t) => {
    const temporary = await mkdtemp(join(tmpdir(), "plumbline-second-"));
    const place = join(temporary, "kubernetes");
    // What runs there is known from the folder, so that goes last.
    t.after(async () => {
      const left = await readInstance(place);
      if (left) await down(left);
      await rm(temporary, { recursive: true, force: true });
    });
    const instance = await up(place, () => undefined);
    const first = await readInstance(folder ?? "");
    assert.notEqual(first?.network.index, instance.network.index);

    const built = await build(() => undefined);
    const ask = (...args: string[]): Promise<string> => kubectl(built, instance.folder, ...args);
    // The pause image is all that a new instance's registry has, and all that it takes.
    await ask("create", "deployment", "sleeper", "--image=plumbline.local/pause:1");
    await ask("rollout", "status", "deployment/sleeper", "--timeout=60s");

    const layout = await anotherPause(built.packages, join(temporary, "images"));
    const [pause] = await pushLayout(layout, registryOf(instance.network));
    assert.match(pause ?? "", /^plumbline\.local\/pause@sha256:/, "the tag stays with the image that has it");
    await ask("set", "image", "deployment/sleeper", `*=${pause}`);
    await ask("rollout", "status", "deployment/sleeper", "--timeout=60s");

    for (const part of ["kubelet", "kube-apiserver"]) await restart(instance.folder, part);
    await ask("scale", "deployment/sleeper", "--replicas=2");
    await ask("rollout", "status", "deployment/sleeper", "--timeout=60s");

    const events = (await readFile(auditLogOf(instance.folder), "utf8")).trimEnd().split("\n");
    const scaled = events
      .map((line) => JSON.parse(line) as { verb: string; objectRef?: { resource: string; subresource?: string } })
      .filter(({ verb, objectRef }) => verb === "patch" && objectRef?.subresource === "scale");
    assert.equal(scaled.length, 1);

    const space = await processNamespace(instance);
    const kinds = new Set((await traces(instance, space)).map((line) => line.split(" ", 1)[0]));
    assert.deepEqual(kinds, new Set(["file", "group", "link", "mount", "namespace", "process", "route"]));
    await down(instance);
    // What has ended stays in the list of processes until the machine's first process has asked about it.
    await until(async () => (await traces(instance, space)).length === 0, 5000);
    assert.deepEqual(await traces(instance, space), []);
  },
);

/** A layout folder whose image has the pause image's name and works alike, with one byte more in its manifest. */
async function anotherPause(packages: string, folder: string): Promise<string> {
  const layout = ociLayout(folder);
  await makePauseImage(packages, {
    ...layout,
    putManifest: (repository, tag, manifest, mediaType) =>
      layout.putManifest(repository, tag, Buffer.from(`${manifest.toString("utf8")}\n`), mediaType),
  });
  return folder;
}

/** The node's process namespace, in the kernel's words. */
async function processNamespace({ folder }: Instance): Promise<string> {
  const { pid } = JSON.parse(await readFile(join(folder, "run/node.json"), "utf8")) as { pid: number };
  return readlink(`/proc/${pid}/ns/pid`);
}

/** Whatever on this machine is an instance's, one line a thing, by kind. */
async function traces({ folder, network }: Instance, space: string): Promise<readonly string[]> {
  const { name } = network;
  const lines = (kind: string, text: string): readonly string[] =>
    text
      .split("\n")
      .filter((line) => line.includes(name))
      .map((line) => `${kind} ${line}`);
  const groups = hierarchies().map((hierarchy) => join(hierarchy, name));
  return [
    ...lines("namespace", await run("ip", ["netns", "list"])),
    ...lines("link", await run("ip", ["-brief", "link"])),
    ...lines("route", await run("ip", ["route"])),
    ...lines("mount", await readFile("/proc/self/mountinfo", "utf8")),
    ...[...groups, folder].filter(existsSync).map((path) => `${path === folder ? "file" : "group"} ${path}`),
    ...(await processes(folder, space)),
  ];
}

/** Processes that name the folder, and all of the node: what runs in a pod names nothing. */
async function processes(folder: string, space: string): Promise<readonly string[]> {
  const found = (await readdir("/proc"))
    .filter((name) => /^\d+$/.test(name))
    .map(async (pid) => {
      const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
      const own = await readlink(`/proc/${pid}/ns/pid`).catch(() => "");
      return command.includes(folder) || own === space ? [`process ${pid} ${command.replaceAll("\0", " ")}`] : [];
    });
  return (await Promise.all(found)).flat();
}
