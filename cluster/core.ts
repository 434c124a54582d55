import { createClient } from "./api/client.ts";
import { furnishNamespaces } from "./api/namespaces.ts";
import type { Chance } from "./api/metadata.ts";
import { ApiServer } from "./api/server.ts";
import type { Client } from "./client.ts";
import type { Clock } from "./clock.ts";
import { startControllers } from "./controllers/index.ts";

export { statusOf } from "./api/refusal.ts";
export { ApiError } from "./client.ts";
export { realChance } from "./api/metadata.ts";
export type { Place } from "./api/server.ts";
export type { Change } from "./api/store.ts";
export type { Resource } from "./api/resource-table.ts";
export type { Client, KubeObject } from "./client.ts";
export type { ApiServer } from "./api/server.ts";
export { podStatus } from "./node/pod-status.ts";
export { pods } from "./node/pod.ts";
export type { Pod } from "./node/pod.ts";

/** The heart of a cluster: the API server and the controllers, without a wire, a node or a network. */
export interface ClusterCore {
  readonly api: ApiServer;
  readonly client: Client;
  stop(): void;
}

/**
 * Starts the heart of a cluster on any clock and any source of names, for simulations: it does the same whenever time and
 * chance are the same. Whoever starts it plays the node.
 */
export function startCore(clock: Clock, chance: Chance): ClusterCore {
  const api = new ApiServer(clock, "127.31", chance);
  furnishNamespaces(api, "");
  const client = createClient(api, "plumbline");
  return { api, client, stop: startControllers(client, clock) };
}
