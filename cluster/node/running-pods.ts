import { join } from "node:path";
import type { Client } from "../client.ts";
import { watchConfiguration } from "./configuration-changes.ts";
import { isTerminal, type Pod, pods } from "./pod.ts";
import type { PodAddresses } from "./pod-addresses.ts";
import { type PodServices, PodWorker } from "./pod-worker.ts";

/** The pods that run on the node. */
export interface RunningPods {
  worker(uid: string): PodWorker | undefined;
  /** Ends all of them, within the grace. */
  stop(graceSeconds: number): Promise<void>;
}

/** Runs every pod that is assigned to the node `name`, each in a folder of its own below `folder`. */
export function runPods(
  client: Client,
  options: {
    readonly name: string;
    readonly folder: string;
    readonly addresses: PodAddresses;
    readonly services: Pick<PodServices, "clock" | "record" | "images" | "allocatable" | "withdraw" | "serviceAddress">;
  },
): RunningPods {
  const { name, folder, addresses, services } = options;
  const configuration = watchConfiguration(client);
  const workers = new Map<string, { readonly worker: PodWorker; readonly done: Promise<void> }>();

  function begin(pod: Pod): void {
    const { uid = "", namespace = "" } = pod.metadata;
    const worker = new PodWorker(pod, {
      ...services,
      client,
      hostIP: addresses.hostIP,
      folder: join(folder, uid),
      takeAddress: ({ spec }) =>
        addresses.take(spec.containers.flatMap(({ ports = [] }) => ports.map(({ containerPort }) => containerPort))),
      addressVariables: (podIP, environment) => addresses.variables(podIP, environment),
      dial: (host, port) => addresses.dial(host, port),
      configChange: (signal) => configuration.next(namespace, signal),
    });
    const done = worker.run().catch((error: unknown) => {
      const message = `error syncing pod: ${(error as Error).message}`;
      services.record(pod, "Warning", "FailedSync", message);
    });
    workers.set(uid, { worker, done });
    worker.update(pod);
  }

  async function forget(uid: string): Promise<void> {
    const entry = workers.get(uid);
    if (!entry) return;
    entry.worker.orphan();
    await entry.done;
    workers.delete(uid);
    if (entry.worker.podIP !== undefined) addresses.give(entry.worker.podIP);
    await entry.worker.clean();
  }

  /** A pod that ended earlier than it was deleted has nothing left to stop. */
  async function remove({ metadata: { namespace = "", name: podName = "", uid } }: Pod): Promise<void> {
    const precondition = uid === undefined ? {} : { uid };
    await client.delete(pods, namespace, podName, { gracePeriodSeconds: 0, ...precondition }).catch(() => undefined);
  }

  const stopWatching = client.watch<Pod>(pods, ({ type, object }) => {
    const uid = object.metadata.uid ?? "";
    if (object.spec.nodeName !== name) return;
    const known = workers.get(uid);
    if (type === "DELETED") {
      // A folder that cannot be removed goes with the node's.
      forget(uid).catch(() => undefined);
    } else if (isTerminal(object) && object.metadata.deletionTimestamp !== undefined) void remove(object);
    else if (known) known.worker.update(object);
    else if (!isTerminal(object)) begin(object);
  });

  return {
    worker: (uid) => workers.get(uid)?.worker,
    async stop(graceSeconds) {
      stopWatching();
      configuration.stop();
      const entries = [...workers.values()];
      for (const { worker } of entries) {
        if (graceSeconds === 0) worker.orphan();
        else worker.terminate(graceSeconds * 1000);
      }
      await Promise.all(entries.map(({ done }) => done));
    },
  };
}
