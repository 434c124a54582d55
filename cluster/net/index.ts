import type { Client } from "../client.ts";
import { type Clock, systemClock } from "../clock.ts";
import { recordEvents } from "../events.ts";
import { type Address, watchBackends } from "./backends.ts";
import { serveClusterIps } from "./cluster-ips.ts";
import { serveIngress } from "./ingress.ts";

/** The running service network. */
export interface Net {
  /** Where the ingress listens on 127.0.0.1. */
  readonly ingressPort: number;
  /** Sends nothing new to a pod's address, and settles when what was under way to it has been answered. */
  withdraw(podIP: string): Promise<void>;
  /** Where a service's port really is on this machine. */
  serviceAddress(clusterIP: string, port: number): Address;
  stop(): Promise<void>;
}

/** Starts the services' addresses and the ingress. */
export async function startNet(options: {
  readonly client: Client;
  /** The ingress's port on 127.0.0.1; 0, the default, chooses a free one. */
  readonly ingressPort?: number;
  /** Where a pod's port really is on this machine; by default where it says. */
  dial?(podIP: string, port: number): Address;
  readonly clock?: Clock;
}): Promise<Net> {
  const client = options.client.as("plumbline-net");
  const { record } = recordEvents(client, options.clock ?? systemClock, "service-proxy", "plumbline");
  const backends = watchBackends(client, (host, port) => options.dial?.(host, port) ?? { host, port });
  const clusterIps = serveClusterIps(client, backends, (message, about) => {
    record(about, "Warning", "AddressNotServed", message);
  });
  const stop = async (): Promise<void> => {
    backends.stop();
    await clusterIps.stop();
  };
  try {
    const ingress = await serveIngress(client, backends, options.ingressPort ?? 0);
    return {
      ingressPort: ingress.port,
      withdraw: (podIP) => backends.withdraw(podIP),
      serviceAddress: (clusterIP, port) => clusterIps.address(clusterIP, port),
      async stop() {
        await Promise.all([ingress.stop(), stop()]);
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
