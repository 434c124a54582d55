import { randomBytes } from "node:crypto";
import { ApiError, type Client, type KubeObject } from "../client.ts";
import type { Clock } from "../clock.ts";
import { events, timeText } from "./objects.ts";

/** Tells people what a controller did to an object; never fails, as Kubernetes' events are best effort. */
export type RecordEvent = (about: KubeObject, type: "Normal" | "Warning", reason: string, message: string) => void;

/** How many different events a recorder remembers in order to count repetitions. */
const remembered = 4096;

/** A recorder for one component; an event that repeats is counted up instead of written anew. */
export function recordEvents(client: Client, clock: Clock, component: string): RecordEvent {
  const written = new Map<string, { readonly name: string; readonly count: number }>();
  let last = Promise.resolve();
  return (about, type, reason, message) => {
    const time = timeText(clock.now());
    // One after the other, so that their order is the order of what happened.
    last = last.then(() => write(about, type, reason, message, time)).catch(ignoreRefusal);
  };

  async function write(about: KubeObject, type: string, reason: string, message: string, time: string): Promise<void> {
    const namespace = about.metadata.namespace ?? "default";
    const same = JSON.stringify([about.metadata.uid, about.kind, type, reason, message]);
    const before = written.get(same);
    if (before && client.get(events, namespace, before.name)) {
      const count = before.count + 1;
      written.set(same, { name: before.name, count });
      await client.mergePatch(events, namespace, before.name, { count, lastTimestamp: time });
      return;
    }
    const name = `${about.metadata.name ?? ""}.${randomBytes(8).toString("hex")}`;
    if (written.size >= remembered) written.delete(written.keys().next().value ?? "");
    written.set(same, { name, count: 1 });
    await client.create(events, eventObject(about, { name, namespace, type, reason, message, time, component }));
  }
}

interface Told {
  readonly name: string;
  readonly namespace: string;
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly time: string;
  readonly component: string;
}

function eventObject(about: KubeObject, told: Told): KubeObject {
  const { namespace, name, uid, resourceVersion } = about.metadata;
  const event = {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: told.name, namespace: told.namespace },
    involvedObject: {
      kind: about.kind,
      ...(namespace && { namespace }),
      name,
      uid,
      apiVersion: about.apiVersion,
      resourceVersion,
    },
    reason: told.reason,
    message: told.message,
    source: { component: told.component },
    firstTimestamp: told.time,
    lastTimestamp: told.time,
    count: 1,
    type: told.type,
    eventTime: null,
    reportingComponent: told.component,
    reportingInstance: "",
  };
  return event;
}

/** A namespace that is going takes no more events, and that is no one's fault; what is no refusal is a defect. */
function ignoreRefusal(error: unknown): void {
  if (!(error instanceof ApiError)) process.emitWarning(`an event could not be written: ${String(error)}`);
}
