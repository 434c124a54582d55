import { ApiError, type Client, type KubeObject, type ResourceName } from "./client.ts";
import { type Clock, microTimeText, timeText } from "./clock.ts";

const events: ResourceName = { group: "", resource: "events" };
const eventsOfActions: ResourceName = { group: "events.k8s.io", resource: "events" };

/** What an event may say beyond its reason and message. */
export interface EventDetail {
  /** A part of the object, as `spec.containers{web}`. */
  readonly fieldPath?: string;
  /** What was tried, as `Binding`: the event is then one of events.k8s.io, and is never counted up. */
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
/** So many events that differ in their message alone, within so many ms of each other, are told as one from then on. */
const mostSimilar = 10;
const similarMs = 600_000;
/** So many events about one object are written at once, and after that one in so many ms. */
const burst = 25;
const oneMoreMs = 300_000;

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
  const correlator = new Correlator();
  let last = Promise.resolve();

  async function write(about: KubeObject, given: Said, detail: EventDetail, nowMs: number): Promise<void> {
    const { fieldPath, action } = detail;
    const namespace = about.metadata.namespace ?? "default";
    const newName = `${about.metadata.name ?? ""}.${momentText(nowMs)}`;
    // Events with an action are single ones.
    const single = { name: newName, count: 1, said: given };
    const told = action ? single : correlator.tell(about, given, fieldPath, newName, nowMs);
    if (!told) return;
    const { name, count, said } = told;
    if (count > 1 && client.get(events, namespace, name)) {
      const again = { count, message: said.message, lastTimestamp: timeText(nowMs) };
      await client.mergePatch(events, namespace, name, again);
      return;
    }
    const from = { component, host };
    if (action) await client.create(eventsOfActions, actionEvent(about, told, { ...detail, action }, from, nowMs));
    else await client.create(events, countedEvent(about, told, detail, from, nowMs));
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

/** Who tells. */
interface Reporter {
  readonly component: string;
  readonly host: string | undefined;
}

/** An event that says what was tried, of events.k8s.io. */
function actionEvent(
  about: KubeObject,
  told: Told,
  detail: EventDetail & { readonly action: string },
  { component, host }: Reporter,
  nowMs: number,
): KubeObject {
  return {
    apiVersion: "events.k8s.io/v1",
    ...headOf(about, told),
    action: detail.action,
    note: told.said.message,
    regarding: referenceTo(about, detail),
    eventTime: microTimeText(nowMs),
    reportingController: component,
    reportingInstance: `${component}-${host ?? ""}`,
  };
}

/** An event that is counted up when it repeats, of the core group. */
function countedEvent(
  about: KubeObject,
  told: Told,
  detail: EventDetail,
  { component, host }: Reporter,
  nowMs: number,
): KubeObject {
  const time = timeText(nowMs);
  return {
    apiVersion: "v1",
    ...headOf(about, told),
    message: told.said.message,
    involvedObject: referenceTo(about, detail),
    count: told.count,
    firstTimestamp: time,
    lastTimestamp: time,
    source: { component, ...(host && { host }) },
    reportingComponent: component,
    reportingInstance: host ?? "",
  };
}

/** What both forms of an event begin with. */
function headOf({ metadata }: KubeObject, { name, said: { type, reason } }: Told) {
  return { kind: "Event", metadata: { name, namespace: metadata.namespace ?? "default" }, type, reason };
}

function referenceTo({ apiVersion, kind, metadata }: KubeObject, { fieldPath }: EventDetail): object {
  const { namespace, name, uid, resourceVersion } = metadata;
  return {
    kind,
    ...(namespace && { namespace }),
    name,
    uid,
    apiVersion,
    resourceVersion,
    ...(fieldPath && { fieldPath }),
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

/** Under which name, how often and in which words an event is told. */
interface Told {
  readonly name: string;
  readonly count: number;
  readonly said: Said;
}

/** Knows what was told, so that repetitions are counted, similar events told as one, and no object drowns the others. */
class Correlator {
  readonly #written = new Map<string, { readonly name: string; readonly count: number }>();
  readonly #similar = new Map<string, { readonly messages: Set<string>; readonly lastMs: number }>();
  readonly #allowances = new Map<string, { readonly left: number; readonly atMs: number }>();

  /** How an event is told now (as `newName` where it is the first of its kind); undefined where there is no room for it. */
  tell(
    about: KubeObject,
    given: Said,
    fieldPath: string | undefined,
    newName: string,
    nowMs: number,
  ): Told | undefined {
    const { type, reason, message } = given;
    const { uid = "" } = about.metadata;
    const kin = JSON.stringify([uid, about.kind, type, reason]);
    const isOneOfMany = this.#joins(kin, message, nowMs);
    const key = isOneOfMany ? kin : JSON.stringify([kin, message, fieldPath]);
    const { name = newName, count = 0 } = this.#written.get(key) ?? {};
    // What is not written counts all the same.
    remember(this.#written, key, { name, count: count + 1 });
    const said = isOneOfMany ? { ...given, message: `(combined from similar events): ${message}` } : given;
    return this.#isAllowed(uid, nowMs) ? { name, count: count + 1, said } : undefined;
  }

  #joins(kin: string, message: string, nowMs: number): boolean {
    const before = this.#similar.get(kin);
    const messages = before && nowMs - before.lastMs <= similarMs ? before.messages : new Set<string>();
    const isMany = messages.add(message).size >= mostSimilar;
    if (isMany) messages.delete(messages.values().next().value ?? "");
    remember(this.#similar, kin, { messages, lastMs: nowMs });
    for (const [old, { lastMs }] of this.#similar) {
      if (nowMs - lastMs <= similarMs) break;
      this.#similar.delete(old);
    }
    return isMany;
  }

  #isAllowed(uid: string, nowMs: number): boolean {
    const { left, atMs } = this.#allowances.get(uid) ?? { left: burst, atMs: nowMs };
    const now = Math.min(burst, left + (nowMs - atMs) / oneMoreMs);
    remember(this.#allowances, uid, { left: now < 1 ? now : now - 1, atMs: nowMs });
    return now >= 1;
  }
}

/** Remembers a value as the newest, and forgets the oldest where there are too many. */
function remember<T>(memory: Map<string, T>, key: string, value: T): void {
  memory.delete(key);
  if (memory.size >= remembered) memory.delete(memory.keys().next().value ?? "");
  memory.set(key, value);
}

/** A namespace that is going takes no more events, and that is no one's fault; what is no refusal is a defect. */
function ignoreRefusal(error: unknown): void {
  if (!(error instanceof ApiError)) process.emitWarning(`an event could not be written: ${String(error)}`);
}
