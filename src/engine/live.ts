import type { Clock } from "../io/clock/clock.ts";
import type { Kube, KubeRefusal, KubeResource, WatchMessage } from "../io/kube/kube.ts";
import { applicationLabelKey } from "../model/application.ts";
import { isJsonObject } from "../model/json.ts";
import type { Json } from "../model/json.ts";
import { refOf } from "../model/kube-object.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { groupOf, refKey } from "../model/object-ref.ts";
import type { ObjectRef } from "../model/object-ref.ts";
import type { Problem } from "../model/problem.ts";

/** Kinds that workloads create: they carry no label of ours and are watched whole. */
const childKinds: readonly { readonly apiVersion: string; readonly kind: string }[] = [
  { apiVersion: "v1", kind: "Pod" },
  { apiVersion: "apps/v1", kind: "ReplicaSet" },
];

/** Where to watch: all namespaces at once, or each that an application delivers to, for accounts that may not see the rest. */
export const watchScopes = ["cluster", "namespaces"] as const;
export type WatchScope = (typeof watchScopes)[number];

/** What to watch for: a kind, and the namespace of an object of it. */
interface Awaited {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
}

interface Watched {
  /** The kind as discovery told it last. */
  resource: KubeResource;
  /** Ends this watch. */
  readonly end: AbortController;
  readonly objects: Map<string, KubeObject>;
  /** Resolves with the first word of the watch, whatever it is. */
  readonly spoken: Promise<void>;
  synced: boolean;
  refusal?: KubeRefusal;
}

/** From a pod to what made it there are fewer; owners in a circle must not be followed for ever. */
const mostOwners = 4;

/** A connection that breaks off is opened again within this time and counts for nothing; beyond it nobody is looking. */
const outageMs = 5000;

/**
 * What the watches say now: the newest known state of everything that applications deliver, and of the pods and
 * ReplicaSets behind it. Reading it costs no request (behaviour D7).
 */
export class Live {
  readonly #kube: Kube;
  readonly #clock: Clock;
  /** Told of each change the object that it belongs to. */
  readonly #onChange: (object: KubeObject) => void;
  readonly #scope: WatchScope;
  readonly #watches = new Map<string, Watched>();
  /** Kinds as discovery told them last, by group and kind. */
  readonly #kinds = new Map<string, KubeResource>();
  /** When each state came in, and when an object that is delivered was last seen to go: what drift is timed from. */
  readonly #arrivedAt = new WeakMap<KubeObject, number>();
  readonly #goneAt = new Map<string, number>();
  /** Watches of which the API server says nothing, since when. */
  readonly #silentSince = new Map<string, number>();
  #seeingSince: number;
  readonly #stop = new AbortController();

  constructor(kube: Kube, clock: Clock, onChange: (object: KubeObject) => void, scope: WatchScope = "cluster") {
    this.#kube = kube;
    this.#scope = scope;
    this.#clock = clock;
    this.#onChange = onChange;
    this.#seeingSince = clock.now();
  }

  /**
   * Sees to it that the kinds of these objects are watched, with the pods in their namespaces; of what is `besides` only
   * itself. Undefined once each was listed; else why one cannot be listed now, which holds nobody up: the watch goes on
   * trying by itself. Kinds that are not served are left out.
   */
  async watch(objects: readonly Awaited[], besides: readonly Awaited[] = []): Promise<Problem | undefined> {
    const namespaces = [...new Set(objects.map(({ namespace }) => namespace))].filter((namespace) => namespace !== "");
    const children = childKinds.flatMap((kind) => namespaces.map((namespace) => ({ ...kind, namespace })));
    const watched: Watched[] = [];
    for (const { apiVersion, kind, namespace } of [...children, ...objects, ...besides]) {
      const answer = await this.#kube.resource(apiVersion, kind);
      if (!answer.ok) return unwatched(kind, answer.refusal);
      if (answer.value) watched.push(this.#watched(answer.value, namespace));
    }
    await Promise.all(watched.map(({ spoken }) => spoken));
    // What was never listed must not be taken for absent by a pass that an ending engine finishes.
    if (this.#stop.signal.aborted) return { code: "ending", message: "the engine is ending" };
    const unsynced = watched.find(({ synced }) => !synced);
    return unsynced?.refusal && unwatched("objects", unsynced.refusal);
  }

  /**
   * Since when the watches have been telling everything, in milliseconds since the epoch; undefined while the API server
   * cannot be reached, so that what they said last may no longer be true.
   */
  seeingSince(): number | undefined {
    const silentSince = Math.min(...this.#silentSince.values());
    return this.#clock.now() - silentSince >= outageMs ? undefined : this.#seeingSince;
  }

  get(ref: ObjectRef): KubeObject | undefined {
    return this.#objects(ref.group, ref.kind, ref.namespace)?.get(`${ref.namespace}/${ref.name}`);
  }

  /** Objects of a kind in a namespace, for the pods and ReplicaSets of a workload. */
  list(group: string, kind: string, namespace: string): readonly KubeObject[] {
    const objects = this.#objects(group, kind, namespace)?.values() ?? [];
    return [...objects].filter((object) => object.metadata.namespace === namespace);
  }

  /** Whether objects of this kind can have a status, as discovery tells it; undefined where it was not asked. */
  hasStatus(group: string, kind: string): boolean | undefined {
    return this.#kinds.get(`${group}/${kind}`)?.hasStatus;
  }

  /** When this state of an object (undefined: its absence) was seen, in milliseconds since the epoch; else now. */
  arrivedAt(ref: ObjectRef, state: KubeObject | undefined): number {
    return (state ? this.#arrivedAt.get(state) : this.#goneAt.get(refKey(ref))) ?? this.#clock.now();
  }

  /** Takes the answers of writes at once, so that nobody need wait for the watch to repeat them. */
  with(objects: readonly KubeObject[]): this {
    for (const object of objects) {
      const ref = refOf(object);
      const known = this.#objects(ref.group, ref.kind, ref.namespace);
      const before = known?.get(keyOf(object));
      if (known && !(before && isOlder(object, before))) known.set(keyOf(object), object);
    }
    return this;
  }

  close(): void {
    this.#stop.abort();
    for (const { end } of this.#watches.values()) end.abort();
  }

  #objects(group: string, kind: string, namespace: string): Map<string, KubeObject> | undefined {
    return this.#watches.get(`${group}/${kind}/${this.#scope === "cluster" ? "" : namespace}`)?.objects;
  }

  #watched(resource: KubeResource, of: string): Watched {
    const namespace = this.#scope === "namespaces" && resource.namespaced ? of : "";
    const key = `${resource.group}/${resource.kind}/${namespace}`;
    this.#kinds.set(`${resource.group}/${resource.kind}`, resource);
    const known = this.#watches.get(key);
    if (known) {
      known.resource = resource;
      return known;
    }
    let speak = (): void => {};
    const spoken = new Promise<void>((done) => {
      speak = done;
    });
    const end = new AbortController();
    const watched: Watched = { resource, end, objects: new Map(), spoken, synced: false };
    this.#watches.set(key, watched);
    const whole = childKinds.some(({ kind }) => kind === resource.kind);
    const target = {
      resource,
      ...(namespace === "" ? {} : { namespace }),
      ...(whole ? {} : { labelSelector: applicationLabelKey }),
    };
    end.signal.addEventListener("abort", speak, { once: true });
    if (this.#stop.signal.aborted) end.abort();
    this.#kube.watch(
      target,
      (message) => {
        if (message.type === "trouble") watched.refusal = message.refusal;
        else watched.synced = true;
        this.#take(watched.objects, message);
        this.#hear(key, message);
        speak();
        if (message.type === "trouble" && message.refusal.code === 404) void this.#leaveUnserved(key, watched);
      },
      end.signal,
    );
    return watched;
  }

  /**
   * Lets a kind go that the API server serves no longer, as when its definition was removed: its objects are gone, and it
   * is listed anew once it is served again. A 404 of something between here and the API server says nothing of that.
   */
  async #leaveUnserved(key: string, watched: Watched): Promise<void> {
    const { group, version, kind } = watched.resource;
    const answer = await this.#kube.resource(group === "" ? version : `${group}/${version}`, kind);
    if (!answer.ok || answer.value !== undefined) return;
    if ((await this.#kube.raw("/version")).status !== 200) return;
    if (this.#stop.signal.aborted || this.#watches.get(key) !== watched) return;
    this.#watches.delete(key);
    this.#silentSince.delete(key);
    watched.end.abort();
    for (const object of watched.objects.values()) this.#gone(object);
  }

  #hear(key: string, message: WatchMessage): void {
    const nowMs = this.#clock.now();
    const since = this.#silentSince.get(key);
    if (message.type === "trouble" && message.refusal.code === 0) {
      if (since === undefined) this.#silentSince.set(key, nowMs);
    } else if (since !== undefined) {
      this.#silentSince.delete(key);
      if (nowMs - since >= outageMs) this.#seeingSince = nowMs;
    }
  }

  #take(objects: Map<string, KubeObject>, message: WatchMessage): void {
    if (message.type === "trouble" || message.type === "resumed") return;
    if (message.type === "synced") {
      const before = new Map(objects);
      objects.clear();
      for (const object of message.objects) this.#set(objects, object, before.get(keyOf(object)));
      for (const [key, object] of before) if (!objects.has(key)) this.#gone(object);
    } else if (message.type === "deleted") {
      // A late word of an earlier object of that name must not hide the one that took its place.
      const { uid } = objects.get(keyOf(message.object))?.metadata ?? {};
      if (uid === message.object.metadata.uid) objects.delete(keyOf(message.object));
      this.#gone(message.object);
    } else {
      this.#set(objects, message.object, objects.get(keyOf(message.object)));
    }
  }

  #set(objects: Map<string, KubeObject>, object: KubeObject, before: KubeObject | undefined): void {
    if (before && isOlder(object, before)) return;
    objects.set(keyOf(object), object);
    if (before?.metadata.resourceVersion === object.metadata.resourceVersion) return;
    this.#arrivedAt.set(object, this.#clock.now());
    this.#onChange(this.#rootOf(object));
  }

  #gone(object: KubeObject): void {
    // Pods of workloads come and go for ever, each with a name of its own, and are nobody's drift.
    const isDelivered = object.metadata.labels?.[applicationLabelKey] !== undefined;
    if (isDelivered) this.#goneAt.set(refKey(refOf(object)), this.#clock.now());
    this.#onChange(this.#rootOf(object));
  }

  /**
   * What an object was made for, as far as its owners are known: of a pod the Deployment behind its ReplicaSet. What nobody
   * owns, or several do, stands for itself.
   */
  #rootOf(object: KubeObject): KubeObject {
    let root = object;
    for (let steps = 0; steps < mostOwners; steps += 1) {
      const owner = this.#ownerOf(root);
      if (owner === undefined) break;
      root = owner;
    }
    return root;
  }

  #ownerOf({ metadata }: KubeObject): KubeObject | undefined {
    const { ownerReferences: owners, namespace = "" } = metadata;
    const [only, another] = Array.isArray(owners) ? (owners as readonly Json[]) : [];
    if (another !== undefined || !isJsonObject(only)) return undefined;
    const { apiVersion, kind, name, uid } = only;
    if (typeof apiVersion !== "string" || typeof kind !== "string" || typeof name !== "string") return undefined;
    const owner = this.#objects(groupOf(apiVersion), kind, namespace)?.get(`${namespace}/${name}`);
    return owner?.metadata.uid === uid ? owner : undefined;
  }
}

function unwatched(what: string, { reason, message }: KubeRefusal): Problem {
  return {
    code: "not-watched",
    message: `${what} cannot be watched (${reason}): ${message}`,
    remedy: "it is tried again; if it is forbidden, give the engine's account list and watch on it",
  };
}

function keyOf(object: KubeObject): string {
  return `${object.metadata.namespace ?? ""}/${object.metadata.name}`;
}

/**
 * True when `object` is an older state of the same object than `known`: resourceVersions of one object can be compared as
 * integers (https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions); others are taken as newer.
 */
function isOlder(object: KubeObject, known: KubeObject): boolean {
  if (object.metadata.uid !== known.metadata.uid) return false;
  const [next, current] = [object.metadata.resourceVersion ?? "", known.metadata.resourceVersion ?? ""];
  if (!/^\d+$/.test(next) || !/^\d+$/.test(current)) return false;
  return BigInt(next) < BigInt(current);
}
