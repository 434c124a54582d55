import type { Container } from "kubernetes-types/core/v1.js";
import type { Client } from "../client.ts";
import type { Clock } from "../clock.ts";
import type { RecordEvent } from "../events.ts";
import type { Variables } from "./environment.ts";
import type { ImageStore } from "./image-store.ts";
import type { Pod } from "./pod.ts";
import type { Mount } from "./volumes.ts";

/** What the node offers to all of its pods. */
export interface NodeServices {
  readonly client: Client;
  readonly clock: Clock;
  readonly record: RecordEvent;
  readonly images: ImageStore;
  readonly hostIP: string;
  /** What the node has to give: cores, bytes. */
  readonly allocatable: { readonly cpu: number; readonly memory: number };
  /** Where a port of a pod really is on this machine. */
  dial(host: string, port: number): { readonly host: string; readonly port: number };
  /** Where a service's port really is on this machine. */
  serviceAddress(clusterIP: string, port: number): { readonly host: string; readonly port: number };
  /** Variables that bring a program to its pod's address; see listen-on-pod-address.cts. */
  addressVariables(podIP: string, environment: Variables): Variables;
  /** Settles when no proxy sends anything new to the address any more. */
  withdraw(podIP: string): Promise<void>;
}

/** What everything that works on one pod shares. */
export interface PodContext extends NodeServices {
  readonly podIP: string;
  /** The pod's own folder: logs, volumes and root file systems. */
  readonly folder: string;
  /** The pod as the API server last told it. */
  pod(): Pod;
  mounts(container: Container): readonly Mount[];
  /** Something that the status shows has changed. */
  changed(): void;
}

/** How soon the kubelet looks again at a pod that could not go on for what the cluster does not hold (yet). */
export const lookAgainMs = 10_000;
