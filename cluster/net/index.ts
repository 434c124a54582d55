import type { Client } from "../client.ts";
import { type Clock, systemClock } from "../clock.ts";
import { recordEvents } from "../events.ts";
import { createBalancer } from "./balancer.ts";
import { serveClusterIps } from "./cluster-ips.ts";
import { watchEndpoints } from "./endpoints.ts";
import { serveIngress } from "./ingress.ts";

/** The running service network. */
export interface Net {
  /** Where the ingress listens on 127.0.0.1. */
  readonly ingressPort: number;
  /** Sends nothing new to a pod's address, and settles when what was under way to it has been answered. */
  withdraw(podIP: string): Promise<void>;
  /** Where a service's port really is on this machine. */
  serviceAddress(clusterIP: string, port: number): { readonly host: string; readonly port: number };
  stop(): Promise<void>;
}

/** Starts the services' addresses and the ingress. */
export async function startNet(options: {
  readonly client: Client;
  /** The ingress's port on 127.0.0.1; 0, the default, chooses a free one. */
  readonly ingressPort?: number;
  /** Where a pod's port really is on this machine; by default where it says. */
  dial?(podIP: string, port: number): { readonly host: string; readonly port: number };
  readonly clock?: Clock;
}): Promise<Net> {
  const client = options.client.as("plumbline-net");
  const { record } = recordEvents(client, options.clock ?? systemClock, "service-proxy", "plumbline");
  const endpoints = watchEndpoints(client);
  const balancer = createBalancer(endpoints, (ip, port) => options.dial?.(ip, port) ?? { host: ip, port });
  const clusterIps = serveClusterIps(client, balancer, (message, about) => {
    record(about, "Warning", "AddressNotServed", message);
  });
  try {
    const ingress = await serveIngress(client, balancer, options.ingressPort ?? 0);
    return {
      ingressPort: ingress.port,
      withdraw: (podIP) => balancer.withdraw(podIP),
      serviceAddress: (clusterIP, port) => clusterIps.address(clusterIP, port),
      async stop() {
        endpoints.stop();
        await Promise.all([ingress.stop(), clusterIps.stop()]);
      },
    };
  } catch (error) {
    endpoints.stop();
    await clusterIps.stop();
    throw error;
  }
}
