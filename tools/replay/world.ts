import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "../../cluster/api/client.ts";
import { type Identity, newIdentity } from "../../cluster/api/https/identity.ts";
import { listen, type Listener } from "../../cluster/api/https/listen.ts";
import { furnishNamespaces } from "../../cluster/api/namespaces.ts";
import { ApiServer } from "../../cluster/api/server.ts";
import type { Client, KubeObject } from "../../cluster/client.ts";
import { startControllers } from "../../cluster/controllers/index.ts";
import { type Node, ociLayout, startNode, takePodAddresses } from "../../cluster/node/index.ts";
import { TurnedClock } from "../../cluster/turned-clock.ts";
import { Gate } from "./gate.ts";
import { imageLayout, images } from "./images.ts";

/** The name of the recorded node, which some requests have in them. */
export const nodeName = "node1";
const pods = { group: "", resource: "pods" };
const namespaces = { group: "", resource: "namespaces" };
const identities: Identity[] = [];

/** A fresh cluster for one scenario: the API over HTTPS, controllers and node behind a gate, and a clock that is turned. */
export interface World {
  readonly api: ApiServer;
  readonly client: Client;
  readonly clock: TurnedClock;
  readonly gate: Gate;
  /** Whether pods run as processes here; otherwise nothing happens to them but what a recording tells. */
  readonly runsPods: boolean;
  readonly hostIP: string;
  readonly listener: Listener;
  readonly identity: Identity;
  readonly startMs: number;
  close(): Promise<void>;
}

/** Starts the cluster with the scenario's namespace, with a node or without, and with images for pods. */
export async function startWorld(
  namespace: string | undefined,
  { runsNode, runsPods }: { readonly runsNode: boolean; readonly runsPods: boolean },
): Promise<World> {
  const startMs = Math.floor(Date.now() / 1000) * 1000;
  const clock = new TurnedClock(startMs);
  const addresses = await takePodAddresses();
  const api = new ApiServer(clock, addresses.prefix);
  // Certificates are slow to make, and no scenario looks at them.
  const identity = identities[0] ?? (await newIdentity(startMs));
  identities[0] = identity;
  furnishNamespaces(api, identity.caCertificate);
  const client = createClient(api, "replay");
  const gate = new Gate();
  const stops: (() => Promise<void> | void)[] = [() => addresses.close()];
  let node: Node | undefined;
  if (runsNode) {
    const folder = mkdtempSync(join(tmpdir(), "replay-"));
    stops.push(() => rmSync(folder, { recursive: true, force: true }));
    const layout = ociLayout(await imageLayout());
    await gate.open(async () => {
      node = await startNode({
        client: gate.guard(client),
        clock,
        folder,
        images: layout,
        name: nodeName,
        addresses,
      });
      if (runsPods) await haveImages(client);
    });
    stops.push(() => node?.stop());
  } else {
    const object = { apiVersion: "v1", kind: "Node", metadata: { name: nodeName } };
    await client.create({ group: "", resource: "nodes" }, object);
  }
  if (namespace !== undefined) {
    const made = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
    await client.as("unknown").create(namespaces, made);
  }
  const report = (controller: string, key: string, error: unknown): void => {
    if (process.env["REPLAY_VERBOSE"] !== undefined) console.error(controller, key, error);
  };
  stops.push(startControllers(gate.guard(client), clock, { report }));
  const hooks = node;
  const listener = await listen({ api, identity, port: 0, ...(hooks && { hooks }) });
  stops.push(() => listener.close());
  const close = (): Promise<void> =>
    gate.open(async () => {
      for (const stop of stops.toReversed()) await stop();
    });
  return { api, client, clock, gate, runsPods, hostIP: addresses.hostIP, listener, identity, startMs, close };
}

/** The recorded node had its images already: a pod of them all runs and goes before anything is recorded. */
async function haveImages(client: Client): Promise<void> {
  const namespace = "kube-system";
  const containers = images.map((image, index) => ({ name: `c${index}`, image, command: ["true"] }));
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "images", namespace },
    spec: { containers, restartPolicy: "Never" },
  };
  await client.create<KubeObject>(pods, pod);
  await new Promise<void>((resolve) => {
    const stop = client.watch<Pod>(pods, ({ object }) => {
      if (!isTerminal(object)) return;
      resolve();
      setImmediate(() => stop());
    });
  });
  await client.delete(pods, namespace, "images", { gracePeriodSeconds: 0 });
  for (const { metadata } of client.list({ group: "", resource: "events" }, namespace)) {
    await client.delete({ group: "", resource: "events" }, namespace, metadata.name ?? "");
  }
}

/** What is the same in every scenario: the addresses and names of this cluster. */
export function knownValues({ api, hostIP }: World): readonly (readonly [string, string])[] {
  return [
    ["servicePrefix", api.servicePrefix],
    ["node", nodeName],
    ["nodeIP", hostIP],
  ];
}

/** How long something is waited for where nothing slow is, in steps of milliseconds. */
export const aMoment = [100, 400, 500];
/** How long what was not seen yet is waited for: as long as the recorder waited, and without missing what passes. */
const aWhile = [...aMoment, ...Array.from({ length: 9 }, () => 1000)];

/** Lets the world go on thing by thing, and then time pass in ever larger steps, until nothing `differs` from what was recorded. */
export async function waitUntil(
  world: World,
  differs: () => Promise<number>,
  steps: readonly number[] = aWhile,
): Promise<boolean> {
  const { gate, clock } = world;
  if ((await differs()) === 0) return true;
  for (let turn = 0; turn < 1000; turn += 1) {
    const moved = gate.letOne();
    await clock.advance(0);
    if (!moved && !(await processesMove(world, 300))) break;
    if ((await differs()) === 0) return true;
  }
  for (const ms of steps) {
    await rest(world, ms);
    if ((await differs()) === 0) return true;
  }
  return false;
}

/** Lets everything happen that is due within `ms`. */
export async function rest(world: World, ms = 0): Promise<void> {
  const { gate, clock } = world;
  await gate.open(() => clock.advance(ms));
  while (await processesMove(world, 30)) await gate.open(() => clock.advance(0));
}

interface Pod extends KubeObject {
  readonly spec: { readonly nodeName?: string };
  readonly status?: {
    readonly phase?: string;
    readonly containerStatuses?: readonly { readonly state?: { readonly waiting?: { readonly reason?: string } } }[];
  };
}

/** How long a pod may take to start or end, in real milliseconds. */
const startMs = 5000;

/** Pods that took longer: they wait for something else. */
const stuck = new WeakSet<Pod>();

/**
 * Whether the node comes with something new, as processes take their own time: sure when a pod starts, and else perhaps,
 * for which `patienceMs` is waited.
 */
async function processesMove({ runsPods, client, gate }: World, patienceMs: number): Promise<boolean> {
  if (!runsPods) return false;
  const running = client.list<Pod>(pods).filter((pod) => pod.spec.nodeName !== undefined && !isTerminal(pod));
  if (running.length === 0) return false;
  const starting = running.filter((pod) => isStarting(pod) && !stuck.has(pod) && !isWarnedOf(client, pod));
  const comes = await gate.comes(starting.length > 0 ? startMs : patienceMs);
  if (!comes) for (const pod of starting) stuck.add(pod);
  return comes;
}

/** A pod that there is a warning of is not starting, but waiting for something. */
function isWarnedOf(client: Client, { metadata }: Pod): boolean {
  const events = client.list<
    KubeObject & { readonly type?: string; readonly involvedObject?: { readonly uid?: string } }
  >({ group: "", resource: "events" }, metadata.namespace);
  return events.some(({ type, involvedObject }) => type === "Warning" && involvedObject?.uid === metadata.uid);
}

function isTerminal({ status }: Pod): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed";
}

function isStarting({ status }: Pod): boolean {
  const reasons = (status?.containerStatuses ?? []).map(({ state }) => state?.waiting?.reason);
  return (
    status?.phase === "Pending" && reasons.every((reason) => reason === undefined || reason === "ContainerCreating")
  );
}
