import type { Event, EventSource, ObjectReference } from "kubernetes-types/core/v1.js";
import type { Clock } from "../clock.ts";
import type { Client, KubeObject, ResourceName } from "../client.ts";
import { apiTime } from "./pod.ts";

const resource: ResourceName = { group: "", resource: "events" };

/** Writes Events about objects; one that repeats counts up instead of coming anew. */
export interface EventRecorder {
  /** Records what happened to `object`; `fieldPath` names a part of it, as `spec.containers{web}`. */
  record(object: KubeObject, type: "Normal" | "Warning", reason: string, message: string, fieldPath?: string): void;
  /** Waits until every event is written or refused. */
  settle(): Promise<void>;
}

type StoredEvent = KubeObject & Event;

/** How many different events a recorder remembers in order to count repetitions, as upstream. */
const remembered = 4096;

/** A recorder in the name of a component, "kubelet" or "default-scheduler", on the node `host`. */
export function eventRecorder(client: Client, clock: Clock, component: string, host: string): EventRecorder {
  const known = new Map<string, { readonly name: string; readonly count: number }>();
  let sequence = 0;
  // One at a time, so that the order of the events is the order of what happened.
  let queue = Promise.resolve();

  async function write(object: KubeObject, parts: Parts): Promise<void> {
    const namespace = object.metadata.namespace ?? "default";
    const key = JSON.stringify([object.metadata.uid, parts]);
    const now = apiTime(clock.now());
    const before = known.get(key);
    if (before) {
      const count = before.count + 1;
      known.set(key, { ...before, count });
      const updated = await client
        .mergePatch(resource, namespace, before.name, { count, lastTimestamp: now })
        .then(() => true)
        .catch(() => false);
      if (updated) return;
    }
    sequence += 1;
    const suffix = (BigInt(clock.now()) * 1_000_000n + BigInt(sequence)).toString(16);
    const name = `${object.metadata.name}.${suffix}`;
    if (known.size >= remembered) known.delete(known.keys().next().value ?? "");
    known.set(key, { name, count: 1 });
    await client.create<StoredEvent>(resource, eventOf(object, parts, { name, namespace, now, component, host }));
  }

  return {
    record(object, type, reason, message, fieldPath) {
      // A namespace that goes away refuses new events; nothing depends on them.
      queue = queue.then(() => write(object, { type, reason, message, fieldPath })).catch(() => undefined);
    },
    settle: () => queue,
  };
}

interface Parts {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  readonly fieldPath: string | undefined;
}

function eventOf(
  { apiVersion, kind, metadata }: KubeObject,
  { type, reason, message, fieldPath }: Parts,
  where: {
    readonly name: string;
    readonly namespace: string;
    readonly now: string;
    readonly component: string;
    readonly host: string;
  },
): StoredEvent {
  const { name, namespace, now, component, host } = where;
  const involvedObject: ObjectReference = {
    kind,
    apiVersion,
    ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
    ...(metadata.name === undefined ? {} : { name: metadata.name }),
    ...(metadata.uid === undefined ? {} : { uid: metadata.uid }),
    ...(metadata.resourceVersion === undefined ? {} : { resourceVersion: metadata.resourceVersion }),
    ...(fieldPath === undefined ? {} : { fieldPath }),
  };
  const source: EventSource = component === "kubelet" ? { component, host } : { component };
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name, namespace },
    involvedObject,
    type,
    reason,
    message,
    source,
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
    reportingComponent: component,
    reportingInstance: host,
  };
}
