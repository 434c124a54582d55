import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { ociLayout } from "../../src/io/registry/oci-layout.ts";
import { build } from "./build.ts";
import type { Built } from "./build.ts";
import type { Progress } from "./cache.ts";
import { makeControlGroup } from "./cgroups.ts";
import { apiServer, controllerManager, etcd, registry, scheduler } from "./control-plane.ts";
import { down } from "./down.ts";
import { readInstance, recordInstance, registryOf } from "./instance.ts";
import type { Instance } from "./instance.ts";
import { kubectl } from "./kubectl.ts";
import { claimNetwork, connect } from "./link.ts";
import { startContainerd, startKubelet, writeNodeSettings } from "./node.ts";
import { makePauseImage } from "./pause.ts";
import { writePki } from "./pki.ts";
import { daemonIsReady, daemonNames, restartDaemon, startDaemon } from "./processes.ts";
import { pushLayout } from "./push.ts";

/** Brings up a Kubernetes of one node in an empty folder. When a part of it fails, what was there of it is taken down again. */
export async function up(folder: string, progress: Progress): Promise<Instance> {
  await mustBeFree(folder);
  const built = await build(progress);
  const started = Date.now();
  const step: Progress = (text) => progress(`${text} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const instance = { folder, network: await claimNetwork() };
  try {
    await recordInstance(instance);
    step(`network: ${instance.network.range}, this machine is ${instance.network.hostAddress}`);
    await bringUp(instance, built, step);
    return instance;
  } catch (error) {
    await down(instance);
    throw error;
  }
}

/** All that lies in an instance's folder goes with it, so nothing of anybody else's may. */
async function mustBeFree(folder: string): Promise<void> {
  if ((await readdir(folder).catch(() => [])).length === 0) return;
  const what = (await readInstance(folder)) ? "holds a Kubernetes already: take it down" : "is not empty: empty it";
  throw new Error(`${folder} ${what} first, or name another folder with --folder.`);
}

async function bringUp(instance: Instance, built: Built, step: Progress): Promise<void> {
  const { folder, network } = instance;
  await connect(network);
  await makeControlGroup(network.name);
  await writePki(instance);
  await writeNodeSettings(instance);

  const containers = startContainerd(instance, built);
  // Each is waited for even when another has failed: a start that goes on would be missed by the taking down.
  const starts = [containers, startRegistry(instance, built), startApiServer(instance, built)];
  for (const start of await Promise.allSettled(starts)) if (start.status === "rejected") throw start.reason;
  step("etcd, API server, registry and containerd are ready");

  await startDaemon(folder, controllerManager(instance, built));
  await startDaemon(folder, scheduler(instance, built));
  await startKubelet(instance, await containers);
  await nodeIsReady(instance, built);
  step(`node ${network.name} is ready`);
}

async function startRegistry(instance: Instance, built: Built): Promise<void> {
  const { folder, network } = instance;
  await startDaemon(folder, await registry(instance, built));
  const url = registryOf(network);
  await daemonIsReady(folder, "registry", async () => (await fetch(`${url}/v2/`)).ok);
  const layout = join(folder, "images");
  await makePauseImage(built.packages, ociLayout(layout));
  await pushLayout(layout, url);
}

async function startApiServer(instance: Instance, built: Built): Promise<void> {
  await startDaemon(instance.folder, etcd(instance, built));
  await startDaemon(instance.folder, apiServer(instance, built));
  await apiServerIsReady(instance.folder, built);
}

/** Kills one process of an instance and starts it again; resolves, where it is the API server, when that is ready. */
export async function restart(folder: string, part: string): Promise<void> {
  const names = await daemonNames(folder);
  if (!names.includes(part)) throw new Error(`There is no part ${part}: name one of ${names.join(", ")}.`);
  await restartDaemon(folder, part);
  if (part === "kube-apiserver") await apiServerIsReady(folder, await build(() => undefined));
}

async function apiServerIsReady(folder: string, built: Built): Promise<void> {
  const ready = (): Promise<boolean> => kubectl(built, folder, "get", "--raw", "/readyz").then(() => true);
  await daemonIsReady(folder, "kube-apiserver", ready);
}

/** Ready, and with the account that every pod needs. */
async function nodeIsReady({ folder, network }: Instance, built: Built): Promise<void> {
  const get = (...args: string[]): Promise<string> => kubectl(built, folder, "get", ...args);
  const condition = '--output=jsonpath={.status.conditions[?(@.type=="Ready")].status}';
  await daemonIsReady(folder, "kubelet", async () => (await get("node", network.name, condition)) === "True");
  const hasAccount = (): Promise<boolean> => get("serviceaccount", "default").then(() => true);
  await daemonIsReady(folder, "kube-controller-manager", hasAccount);
}
