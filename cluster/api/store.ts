import type { KubeObject } from "../client.ts";
import { freeze } from "./json.ts";
import { expired } from "./refusal.ts";

/** One write, as watches see it. `object` of a deletion is the last state with the deletion's resourceVersion. */
export interface Change {
  readonly revision: number;
  readonly collection: string;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly key: string;
  readonly object: KubeObject;
  readonly previous: KubeObject | undefined;
}

/** Hears the changes of one collection, in order. */
type Listener = (change: Change) => void;

/** The first revision: what lies before it is history that never was, as after a compaction. */
const firstRevision = 100;
/** How many changes are remembered for watches that resume and for lists at an older resourceVersion. */
const windowSize = 10_000;

/**
 * All objects, in memory, frozen through and through, under one counter of revisions. It knows keys and resourceVersions
 * and nothing else. Keys are "namespace/name" (or "/name"), in whose order everything is listed. Changes are delivered
 * before the write returns, to every listener in the same order, also when a listener writes.
 */
export class Store {
  readonly #collections = new Map<string, Map<string, KubeObject>>();
  readonly #sorted = new Map<string, readonly string[]>();
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #pending: Change[] = [];
  #window: Change[] = [];
  #delivering = false;
  #revision = firstRevision;
  #oldest = firstRevision;

  /** The revision of the newest write. */
  get revision(): number {
    return this.#revision;
  }

  get(collection: string, key: string): KubeObject | undefined {
    return this.#collections.get(collection)?.get(key);
  }

  /** Writes an object under the next revision, which becomes its resourceVersion. */
  put(collection: string, key: string, object: KubeObject): KubeObject {
    let objects = this.#collections.get(collection);
    if (!objects) this.#collections.set(collection, (objects = new Map()));
    const previous = objects.get(key);
    const stored = this.#stamp(object);
    objects.set(key, stored);
    if (!previous) this.#sorted.delete(collection);
    this.#record({ collection, key, type: previous ? "MODIFIED" : "ADDED", object: stored, previous });
    return stored;
  }

  /** Removes an object; the answer is its last state under the revision of the removal. */
  remove(collection: string, key: string, last: KubeObject): KubeObject {
    const previous = this.get(collection, key);
    this.#collections.get(collection)?.delete(key);
    this.#sorted.delete(collection);
    const stored = this.#stamp(last);
    this.#record({ collection, key, type: "DELETED", object: stored, previous });
    return stored;
  }

  /** All objects of a collection whose key starts with `prefix`, in order. */
  list(collection: string, prefix = ""): readonly KubeObject[] {
    const objects = this.#collections.get(collection);
    if (!objects) return [];
    const found: KubeObject[] = [];
    for (const key of this.#keys(collection, objects)) {
      const object = key.startsWith(prefix) ? objects.get(key) : undefined;
      if (object) found.push(object);
    }
    return found;
  }

  /** The same list as it was at `revision`; refused with Expired when that is too long ago. */
  listAt(collection: string, prefix: string, revision: number): readonly KubeObject[] {
    if (revision < this.#oldest) throw expired("The resourceVersion for the provided list is too old.");
    const objects = new Map(this.list(collection, prefix).map((object) => [keyOf(object), object]));
    for (const change of this.#window.toReversed()) {
      if (change.revision <= revision) break;
      if (change.collection !== collection || !change.key.startsWith(prefix)) continue;
      if (change.previous) objects.set(change.key, change.previous);
      else objects.delete(change.key);
    }
    return [...objects.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  /** The changes of a collection after `revision`; refused with Expired when some of them are forgotten. */
  changesSince(collection: string, revision: number): readonly Change[] {
    if (revision < this.#oldest) throw expired(`too old resource version: ${revision} (${this.#oldest})`);
    return this.#window.filter((change) => change.revision > revision && change.collection === collection);
  }

  /** Calls `listener` for every change from now on; returns a function that ends it. */
  subscribe(collection: string, listener: Listener): () => void {
    let listeners = this.#listeners.get(collection);
    if (!listeners) this.#listeners.set(collection, (listeners = new Set()));
    // A change that is still on its way was before the subscription, and is in what the subscriber lists.
    const from = this.#revision;
    const guarded: Listener = (change) => {
      if (change.revision > from) listener(change);
    };
    listeners.add(guarded);
    return () => listeners.delete(guarded);
  }

  #stamp(object: KubeObject): KubeObject {
    this.#revision += 1;
    return freeze({ ...object, metadata: { ...object.metadata, resourceVersion: String(this.#revision) } });
  }

  #keys(collection: string, objects: ReadonlyMap<string, KubeObject>): readonly string[] {
    let keys = this.#sorted.get(collection);
    if (!keys) this.#sorted.set(collection, (keys = [...objects.keys()].sort()));
    return keys;
  }

  #record(change: Omit<Change, "revision">): void {
    const recorded = { ...change, revision: this.#revision };
    this.#window.push(recorded);
    if (this.#window.length > 2 * windowSize) {
      this.#window = this.#window.slice(-windowSize);
      this.#oldest = (this.#window[0]?.revision ?? this.#revision) - 1;
    }
    this.#pending.push(recorded);
    this.#deliver();
  }

  #deliver(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      for (let change = this.#pending.shift(); change; change = this.#pending.shift()) {
        for (const listener of this.#listeners.get(change.collection) ?? []) hear(listener, change);
      }
    } finally {
      this.#delivering = false;
    }
  }
}

/** A listener that throws is a defect of its own: it may spoil neither the write nor what others hear. */
function hear(listener: Listener, change: Change): void {
  try {
    listener(change);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/** The key of an object in its collection. */
export function keyOf(object: KubeObject): string {
  return `${object.metadata.namespace ?? ""}/${object.metadata.name ?? ""}`;
}
