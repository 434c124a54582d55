import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { NodeHooks } from "../api/hooks.ts";
import { ApiError, type Client } from "../client.ts";
import { type Clock, systemClock } from "../clock.ts";
import { recordEvents } from "../events.ts";
import type { ImageSource } from "./image-source.ts";
import { openImageStore } from "./image-store.ts";
import { machineCapacity, type NodeCapacity, registerNode } from "./node-object.ts";
import { type Pod, pods } from "./pod.ts";
import { type PodAddresses, takePodAddresses } from "./pod-addresses.ts";
import { runPods } from "./running-pods.ts";
import { startScheduler } from "./scheduler.ts";

export { takePodAddresses } from "./pod-addresses.ts";
export { ociLayout } from "./oci-layout.ts";
export { firstOf, type ImageSource } from "./image-source.ts";

/** A running node; what the API server asks of it is part of it. */
export interface Node extends NodeHooks {
  readonly name: string;
  /** Whether every pod has an address of its own; if not (macOS), a note for people to read at start. */
  readonly ownAddresses: boolean;
  /** Ends every container (with a grace of at most `graceSeconds`, default 0) and everything that the node runs. */
  stop(graceSeconds?: number): Promise<void>;
}

/**
 * Starts the node: it registers itself, assigns pods to itself, and runs them as processes of this machine. `folder`
 * belongs to it alone while it runs.
 */
export async function startNode(options: {
  readonly client: Client;
  readonly clock?: Clock;
  readonly folder: string;
  readonly images: ImageSource;
  readonly name?: string;
  readonly capacity?: NodeCapacity;
  /** Settles when no proxy sends anything new to the address any more; called before a pod is stopped. */
  readonly withdraw?: (podIP: string) => Promise<void>;
  /** Where a service's port really is on this machine; by default where it says. */
  readonly serviceAddress?: (clusterIP: string, port: number) => { readonly host: string; readonly port: number };
  /** The cluster's loopback addresses; by default a block is taken. The node gives them back when it stops. */
  readonly addresses?: PodAddresses;
}): Promise<Node> {
  const { clock = systemClock, folder, name = "plumbline", capacity = machineCapacity() } = options;
  const client = options.client.as("kubelet");
  const podsFolder = join(folder, "pods");
  await rm(podsFolder, { recursive: true, force: true });
  await mkdir(podsFolder, { recursive: true, mode: 0o700 });
  const images = await openImageStore(join(folder, "images"), options.images);
  const addresses = options.addresses ?? (await takePodAddresses());
  const { hostIP } = addresses;
  const { record, settle } = recordEvents(client, clock, "kubelet", name);
  const stopLease = await registerNode({ client, clock, name, hostIP, capacity });
  const running = runPods(name, podsFolder, addresses, {
    client,
    clock,
    record,
    images,
    hostIP,
    allocatable: capacity,
    dial: (host, port) => addresses.dial(host, port),
    serviceAddress: options.serviceAddress ?? ((host, port) => ({ host, port })),
    addressVariables: (podIP, environment) => addresses.variables(podIP, environment),
    withdraw: options.withdraw ?? (() => Promise.resolve()),
  });
  const stopScheduler = startScheduler(options.client.as("kube-scheduler"), clock, name);

  return {
    name,
    ownAddresses: addresses.own,
    dial: (podIP, port) => addresses.dial(podIP, port),
    logs(namespace, pod, request) {
      const uid = client.get<Pod>(pods, namespace, pod)?.metadata.uid ?? "";
      const log = running.worker(uid)?.container(request.container)?.log(request.previous);
      if (log && typeof log !== "string") return log.read(request);
      const waits = `container "${request.container}" in pod "${pod}" is waiting to start: ${log ?? "ContainerCreating"}`;
      const none = `previous terminated container "${request.container}" in pod "${pod}" not found`;
      return new ApiError(400, "BadRequest", request.previous ? none : waits);
    },
    async stop(graceSeconds = 0) {
      stopScheduler();
      stopLease();
      await running.stop(graceSeconds);
      await settle();
      await rm(podsFolder, { recursive: true, force: true });
      addresses.close();
    },
  };
}
