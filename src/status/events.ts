import { createHash } from "node:crypto";
import type { Kube, KubeResource } from "../io/kube/kube.ts";
import { fieldManager } from "../model/application.ts";
import type { KubeObject } from "../model/kube-object.ts";
import type { Notice, Receiver, Told } from "../model/notice.ts";
import type { ObjectRef } from "../model/object-ref.ts";
import type { Outcome } from "../model/record.ts";
import { shortId } from "../model/revision.ts";
import { troubleOf } from "./answers.ts";
import { shortened } from "./shortened.ts";

/** Where an application is delivered to, as far as Events need it. */
export interface EventPlace {
  readonly kube: Kube;
  /** What is live there, from the watches. */
  readonly object: (ref: ObjectRef) => KubeObject | undefined;
}

/** What Events are told with. */
export interface EventDoors {
  /** The cluster of an application; undefined while it is not known. */
  readonly place: (application: string) => EventPlace | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** How long a cluster keeps Events, unless it is told otherwise; older news is none there. */
const keptMs = 3_600_000;
/** The API server takes no longer message. */
const mostMessage = 1024;
const events: KubeResource = { group: "", version: "v1", kind: "Event", resource: "events", namespaced: true };

/** The reason of each outcome that an Event tells of: what was decided, and nothing on the way there. */
const reasons: { readonly [outcome in Outcome]?: string } = {
  healthy: "Delivered",
  failed: "Blocked",
  held: "Blocked",
  refused: "Blocked",
  "rolled-back": "RolledBack",
};

/**
 * Tells the cluster by Events on the objects concerned, one write a notice. What happens again to the same object in the same
 * delivery counts up in the Event that is there.
 */
export function tellEvents({ place, now }: EventDoors): Receiver {
  const counts = new Map<string, { readonly last: string; readonly count: number; readonly first: string }>();
  const tell = async (notice: Notice): Promise<Told> => {
    const there = place(notice.application);
    if (!there) return { kind: "never", problem: { code: "cluster-unknown", message: "the cluster is not known" } };
    const draft = eventOf(notice, there.object);
    const before = counts.get(draft.metadata.name);
    const isSame = before === undefined || before.last === notice.id;
    const series = isSame
      ? { count: before?.count ?? 1, first: before?.first ?? notice.at }
      : { count: before.count + 1, first: before.first };
    const event = {
      ...draft,
      count: series.count,
      firstTimestamp: seconds(series.first),
      lastTimestamp: seconds(notice.at),
    };
    const options = { fieldManager, force: true, dryRun: false };
    const answer = await there.kube.apply(events, event, options);
    if (answer.ok) {
      for (const [name, { last }] of counts) if (counts.size >= 1000 && last !== notice.id) counts.delete(name);
      counts.set(draft.metadata.name, { ...series, last: notice.id });
      return { kind: "told" };
    }
    const { code, message, retryAfterMs } = answer.refusal;
    const remedy = code === 403 ? { remedy: "Print its rights again: plumb install --part rights." } : {};
    const problem = { code: "event-refused", message: `an Event could not be written: ${message}`, ...remedy };
    // A namespace that is not there, or an Event that the server does not take, stays so.
    const passes = code === 0 || code === 403 || code === 409 || code === 429 || code >= 500;
    if (!passes) return { kind: "never", problem };
    const afterMs = retryAfterMs === undefined ? {} : { afterMs: retryAfterMs };
    return { kind: "later", problem, ...afterMs, ...(code === 403 ? { needsPerson: true } : {}) };
  };
  return {
    name: "events",
    wants: (notice) => reasonOf(notice) !== undefined && Date.parse(notice.at) > now() - keptMs,
    tell: (notice) => tell(notice).catch(troubleOf),
  };
}

function reasonOf({ type, outcome }: Notice): string | undefined {
  if (type === "promotion") return undefined;
  return type === "drift" ? "DriftUndone" : reasons[outcome];
}

/** Without the uid `kubectl describe` does not find an Event, so it is taken from what is live. */
function eventOf(notice: Notice, live: EventPlace["object"]): KubeObject {
  const reason = reasonOf(notice) ?? notice.reason;
  const about = notice.object?.namespace === notice.namespace ? notice.object : undefined;
  const object = about && live(about);
  const regarding = object
    ? { apiVersion: object.apiVersion, kind: object.kind, name: object.metadata.name, ...uid(object) }
    : { apiVersion: "v1", kind: "Namespace", name: notice.namespace };
  const key = createHash("sha256").update(`${notice.delivery} ${reason} ${regarding.kind}/${regarding.name}`);
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: {
      name: `plumbline.${key.digest("hex").slice(0, 16)}`,
      namespace: notice.namespace,
      annotations: {
        "plumbline.dev/application": notice.application,
        "plumbline.dev/delivery": notice.delivery,
        "plumbline.dev/commit": notice.commit,
      },
    },
    involvedObject: { ...regarding, namespace: notice.namespace },
    type: reason === "Delivered" ? "Normal" : "Warning",
    reason,
    message: shortened(textOf(notice), mostMessage),
    source: { component: fieldManager },
    reportingComponent: fieldManager,
    reportingInstance: "",
  };
}

function uid(object: KubeObject) {
  return object.metadata.uid === undefined ? {} : { uid: object.metadata.uid };
}

function textOf({ application, commit, message, remedy }: Notice): string {
  return `${application} at ${shortId(commit)}: ${message}${remedy === undefined ? "" : ` (${remedy})`}`;
}

/** metav1.Time has no fractions of a second. */
function seconds(time: string): string {
  return time.replace(/\.\d+Z$/, "Z");
}
