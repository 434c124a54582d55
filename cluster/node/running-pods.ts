import { join } from "node:path";
import { graceMs, isTerminal, type Pod, pods } from "./pod.ts";
import type { PodAddresses } from "./pod-addresses.ts";
import type { NodeServices } from "./pod-context.ts";
import { PodWorker } from "./pod-worker.ts";

/** The pods that run on the node. */
export interface RunningPods {
  worker(uid: string): PodWorker | undefined;
  /** Ends all of them, within the grace. */
  stop(graceSeconds: number): Promise<void>;
}

/** Runs every pod that is assigned to the node `name`, each in a folder of its own below `folder`. */
export function runPods(name: string, folder: string, addresses: PodAddresses, services: NodeServices): RunningPods {
  const { client, record } = services;
  const running = new Map<string, { readonly worker: PodWorker; readonly done: Promise<void> }>();

  function begin(pod: Pod): void {
    const { uid = "" } = pod.metadata;
    const ports = pod.spec.containers.flatMap((container) => container.ports ?? []);
    const podIP = addresses.take(ports.map(({ containerPort }) => containerPort));
    const worker = new PodWorker(pod, podIP, join(folder, uid), services);
    const done = worker.run().catch((error: unknown) => {
      record(pod, "Warning", "FailedSync", `error syncing pod: ${(error as Error).message}`);
    });
    running.set(uid, { worker, done });
    if (pod.metadata.deletionTimestamp !== undefined) worker.terminate(graceMs(pod));
  }

  async function forget(uid: string): Promise<void> {
    const entry = running.get(uid);
    if (!entry) return;
    entry.worker.orphan();
    await entry.done;
    running.delete(uid);
    addresses.give(entry.worker.podIP);
    // A folder that cannot be removed goes with the node's.
    await entry.worker.clean().catch(() => undefined);
  }

  const stopWatching = client.watch<Pod>(pods, ({ type, object }) => {
    const { uid = "", namespace = "", name: podName = "", deletionTimestamp } = object.metadata;
    if (object.spec.nodeName !== name) return;
    if (type === "DELETED") void forget(uid);
    else if (isTerminal(object) && deletionTimestamp !== undefined) {
      // A pod that ended earlier than it was deleted has nothing left to stop.
      client.delete(pods, namespace, podName, { gracePeriodSeconds: 0, uid }).catch(() => undefined);
    } else if (running.has(uid)) running.get(uid)?.worker.update(object);
    else if (!isTerminal(object)) begin(object);
  });

  return {
    worker: (uid) => running.get(uid)?.worker,
    async stop(graceSeconds) {
      stopWatching();
      const entries = [...running.values()];
      for (const { worker } of entries) {
        if (graceSeconds === 0) worker.orphan();
        else worker.terminate(graceSeconds * 1000);
      }
      await Promise.all(entries.map(({ done }) => done));
    },
  };
}
