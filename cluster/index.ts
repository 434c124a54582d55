import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createClient } from "./api/client.ts";
import { expireEvents } from "./api/event-expiry.ts";
import { newIdentity, writeKubeconfig } from "./api/https/identity.ts";
import { listen } from "./api/https/listen.ts";
import { furnishNamespaces } from "./api/namespaces.ts";
import { ApiServer } from "./api/server.ts";
import type { Client } from "./client.ts";
import { type Clock, systemClock } from "./clock.ts";
import { startControllers } from "./controllers/index.ts";
import { startNet } from "./net/index.ts";
import { firstOf, type ImageSource, type Node, ociLayout, startNode, takePodAddresses } from "./node/index.ts";

export type { Client } from "./client.ts";
export type { ImageSource } from "./node/index.ts";

/** How to start a cluster. */
export interface ClusterOptions {
  /** A folder for this cluster alone: its kubeconfig, images and logs. Made where it is not there. */
  readonly folder: string;
  /** The API server's port on 127.0.0.1; a free one by default. */
  readonly port?: number;
  /** The ingress's port on 127.0.0.1; a free one by default. */
  readonly ingressPort?: number;
  /** An OCI layout folder to take images from. */
  readonly images?: string;
  /** How images are pulled that the folder does not hold. Without it there are no others. */
  readonly pull?: ImageSource;
  readonly clock?: Clock;
}

/** A running cluster of one node. */
export interface Cluster {
  /** Of the API server. */
  readonly url: string;
  readonly kubeconfigPath: string;
  readonly ingressUrl: string;
  readonly client: Client;
  /** Whether every pod has a loopback address of its own; where it has not (macOS), tell people at start. */
  readonly ownAddresses: boolean;
  /** Ends every process and listener of the cluster; its folder stays for the caller to remove. */
  stop(): Promise<void>;
}

/** Starts the API server, the controllers, the node and the service network. Rejects, with nothing left running, when one cannot. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { folder, clock = systemClock } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const addresses = await takePodAddresses();
  const stops: (() => Promise<void> | void)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of stops.splice(0).toReversed()) await end();
  };
  try {
    const api = new ApiServer(clock, addresses.prefix);
    const identity = await newIdentity(clock.now());
    stops.push(expireEvents(api));
    furnishNamespaces(api, identity.caCertificate);
    const client = createClient(api, "plumbline");

    // The network and the node need each other: proxies ask where a pod's port is, pods where a service's is.
    const running: { node?: Node } = {};
    const dial: Node["dial"] = (ip, port) => running.node?.dial(ip, port) ?? { host: ip, port };
    const net = await startNet({ client, clock, dial, ingressPort: options.ingressPort ?? 0 });
    stops.push(() => net.stop());
    const node = await startNode({
      client,
      clock,
      addresses,
      folder: join(folder, "node"),
      images: firstOf([
        ...(options.images === undefined ? [] : [ociLayout(options.images)]),
        ...(options.pull ? [options.pull] : []),
      ]),
      withdraw: (podIP) => net.withdraw(podIP),
      serviceAddress: (clusterIP, port) => net.serviceAddress(clusterIP, port),
    });
    running.node = node;
    stops.push(() => node.stop());
    stops.push(startControllers(client, clock));

    const listener = await listen({ api, identity, port: options.port ?? 0, hooks: node });
    stops.push(() => listener.close());
    const kubeconfigPath = join(folder, "kubeconfig");
    await writeKubeconfig(identity, listener.url, kubeconfigPath);
    const ingressUrl = `http://127.0.0.1:${net.ingressPort}`;
    return { url: listener.url, kubeconfigPath, ingressUrl, client, ownAddresses: node.ownAddresses, stop };
  } catch (error) {
    await stop();
    addresses.close();
    throw error;
  }
}
