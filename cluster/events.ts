import { ApiError, type Client, type KubeObject, type ResourceName } from "./client.ts";
import { type Clock, microTimeText, timeText } from "./clock.ts";

const events: ResourceName = { group: "", resource: "events" };

/** What an event may say beyond its reason and message. */
export interface EventDetail {
  /** A part of the object, as `spec.containers{web}`. */
  readonly fieldPath?: string;
  /** What was tried, as `Binding`: the event then has the form of events.k8s.io, and is never counted up. */
  readonly action?: string;
}

/** Tells people what a component did to an object; never fails, as Kubernetes' events are best effort. */
export type RecordEvent = (
  about: KubeObject,
  type: "Normal" | "Warning",
  reason: string,
  message: string,
  detail?: EventDetail,
) => void;

/** How many different events a recorder remembers in order to count repetitions, as upstream. */
const remembered = 4096;

/**
 * A recorder for one component (on the machine `host`, where it runs on one): what repeats is counted up instead of
 * written anew. `settle` waits until everything is written or refused.
 */
export function recordEvents(
  client: Client,
  clock: Clock,
  component: string,
  host?: string,
): { readonly record: RecordEvent; readonly settle: () => Promise<void> } {
  const written = new Map<string, { readonly name: string; readonly count: number }>();
  let last = Promise.resolve();

  async function write(about: KubeObject, said: Said, detail: EventDetail, nowMs: number): Promise<void> {
    const namespace = about.metadata.namespace ?? "default";
    const key = JSON.stringify([about.metadata.uid, about.kind, said, detail]);
    const before = detail.action === undefined ? written.get(key) : undefined;
    if (before && client.get(events, namespace, before.name)) {
      const count = before.count + 1;
      written.set(key, { name: before.name, count });
      await client.mergePatch(events, namespace, before.name, { count, lastTimestamp: timeText(nowMs) });
      return;
    }
    const name = `${about.metadata.name ?? ""}.${momentText(nowMs)}`;
    if (written.size >= remembered) written.delete(written.keys().next().value ?? "");
    written.set(key, { name, count: 1 });
    const { fieldPath, action } = detail;
    const { apiVersion, kind, metadata } = about;
    const { uid, resourceVersion } = metadata;
    const event = {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name, namespace },
      involvedObject: {
        kind,
        ...(metadata.namespace && { namespace }),
        name: metadata.name,
        uid,
        apiVersion,
        resourceVersion,
        ...(fieldPath && { fieldPath }),
      },
      ...said,
      reportingComponent: component,
    };
    const time = timeText(nowMs);
    const source = { component, ...(host && { host }) };
    const form = action
      ? { action, eventTime: microTimeText(nowMs), source: {}, reportingInstance: `${component}-${host ?? ""}` }
      : { count: 1, firstTimestamp: time, lastTimestamp: time, eventTime: null, source, reportingInstance: host ?? "" };
    await client.create<KubeObject>(events, Object.assign(event, form));
  }

  return {
    record(about, type, reason, message, detail = {}) {
      const nowMs = clock.now();
      // One after the other, so that their order is the order of what happened.
      last = last.then(() => write(about, { type, reason, message }, detail, nowMs)).catch(ignoreRefusal);
    },
    settle: () => last,
  };
}

let moments = 0n;

/** The moment in nanoseconds, as hex: so lists of events stand in their order, as in Kubernetes. Never the same twice. */
function momentText(nowMs: number): string {
  moments += 1n;
  return (BigInt(nowMs) * 1_000_000n + (moments % 1_000_000n)).toString(16);
}

interface Said {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
}

/** A namespace that is going takes no more events, and that is no one's fault; what is no refusal is a defect. */
function ignoreRefusal(error: unknown): void {
  if (!(error instanceof ApiError)) process.emitWarning(`an event could not be written: ${String(error)}`);
}
