import { createClient } from "../../cluster/api/client.ts";
import { type Identity, newIdentity } from "../../cluster/api/https/identity.ts";
import { listen, type Listener } from "../../cluster/api/https/listen.ts";
import { furnishNamespaces } from "../../cluster/api/namespaces.ts";
import { ApiServer } from "../../cluster/api/server.ts";
import type { Client } from "../../cluster/client.ts";
import { startControllers } from "../../cluster/controllers/index.ts";
import { TurnedClock } from "../../cluster/turned-clock.ts";
import { Gate } from "./gate.ts";
import { Kubelet, nodeIP, nodeName } from "./kubelet.ts";

const identities: Identity[] = [];

/** A fresh cluster for one scenario: the API over HTTPS, the controllers behind a gate, and a clock that is turned. */
export interface World {
  readonly api: ApiServer;
  readonly client: Client;
  readonly clock: TurnedClock;
  readonly gate: Gate;
  readonly kubelet: Kubelet;
  readonly listener: Listener;
  readonly token: string;
  readonly startMs: number;
  close(): Promise<void>;
}

/** Starts the cluster with the scenario's namespace. */
export async function startWorld(namespace: string | undefined): Promise<World> {
  const startMs = Math.floor(Date.now() / 1000) * 1000;
  const clock = new TurnedClock(startMs);
  const api = new ApiServer(clock);
  // Certificates are slow to make, and no scenario looks at them.
  const identity = identities[0] ?? (await newIdentity(startMs));
  identities[0] = identity;
  furnishNamespaces(api, identity.caCertificate);
  const client = createClient(api, "replay");
  const node = { apiVersion: "v1", kind: "Node", metadata: { name: nodeName } };
  await client.create({ group: "", resource: "nodes" }, node);
  if (namespace !== undefined) {
    const made = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
    await client.as("unknown").create({ group: "", resource: "namespaces" }, made);
  }
  const gate = new Gate();
  const report = (controller: string, key: string, error: unknown): void => {
    if (process.env["REPLAY_VERBOSE"] !== undefined) console.error(controller, key, error);
  };
  const stopControllers = startControllers(gate.guard(client), clock, { report });
  const listener = await listen({ api, identity, port: 0 });
  const close = async (): Promise<void> => {
    stopControllers();
    await listener.close();
  };
  const kubelet = new Kubelet(client, clock);
  return { api, client, clock, gate, kubelet, listener, token: identity.token, startMs, close };
}

/** What is the same in every scenario: the addresses and names of this cluster. */
export function knownValues({ api }: World): readonly (readonly [string, string])[] {
  return [
    ["servicePrefix", api.servicePrefix],
    ["node", nodeName],
    ["nodeIP", nodeIP],
  ];
}

/** How long what was not seen yet is waited for, in steps of milliseconds: a minute. */
const aMinute = [100, 900, 2000, 7000, 20_000, 30_000];
/** The same, where nothing slow is waited for. */
export const aMoment = [100, 900];

/** Lets the world go on thing by thing, and then time pass in ever larger steps, until it `isAsRecorded`. */
export async function waitUntil(
  { gate, clock, kubelet }: World,
  isAsRecorded: () => Promise<boolean>,
  steps: readonly number[] = aMinute,
): Promise<boolean> {
  if (await isAsRecorded()) return true;
  for (let turn = 0; turn < 200; turn += 1) {
    const moved = gate.letOne();
    await clock.advance(0);
    if (!moved && !(await kubelet.turn())) break;
    if (await isAsRecorded()) return true;
  }
  for (const ms of steps) {
    await rest({ gate, clock, kubelet }, ms);
    if (await isAsRecorded()) return true;
  }
  return false;
}

/** Lets everything happen that is due within `ms`. */
export async function rest({ gate, clock, kubelet }: Pick<World, "gate" | "clock" | "kubelet">, ms = 0): Promise<void> {
  await gate.open(async () => {
    await clock.advance(ms);
    for (let turn = 0; turn < 200 && (await kubelet.turn()); turn += 1) await clock.advance(0);
  });
}
