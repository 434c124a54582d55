import type { Client } from "../client.ts";
import type { Clock } from "../clock.ts";
import type { RecordEvent } from "../events.ts";
import type { ImageStore } from "./image-store.ts";
import type { Pod } from "./pod.ts";

/** What everything that works on one pod shares. */
export interface PodContext {
  readonly client: Client;
  readonly clock: Clock;
  readonly record: RecordEvent;
  readonly images: ImageStore;
  readonly hostIP: string;
  readonly podIP: string;
  /** The pod's own folder: logs, volumes and root file systems. */
  readonly folder: string;
  /** What the node has to give: cores, bytes. */
  readonly allocatable: { readonly cpu: number; readonly memory: number };
  /** The pod as the API server last told it. */
  pod(): Pod;
  /** Where a port of a pod really is on this machine. */
  dial(host: string, port: number): { readonly host: string; readonly port: number };
  /** Where a service's port really is on this machine. */
  serviceAddress(clusterIP: string, port: number): { readonly host: string; readonly port: number };
  /** Variables that bring a program to its own address; see listen-on-pod-address.cts. */
  addressVariables(environment: Readonly<Record<string, string>>): Readonly<Record<string, string>>;
  /** Something that the status shows has changed. */
  changed(): void;
  /** Settles at the next change of a ConfigMap or Secret in the pod's namespace, or when `signal` aborts. */
  configChange(signal: AbortSignal): Promise<void>;
}

/** Settles when the clock says `atMs`, or when the signal aborts. */
export function until(clock: Clock, atMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const cancel = clock.at(atMs, () => {
      signal.removeEventListener("abort", aborted);
      resolve();
    });
    function aborted(): void {
      cancel();
      resolve();
    }
    signal.addEventListener("abort", aborted, { once: true });
  });
}
