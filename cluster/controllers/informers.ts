import { ResourceTable } from "../api/resource-table.ts";
import type { Client, KubeObject, ResourceName, WatchEvent } from "../client.ts";
import { holds } from "./conditions.ts";
import type { Stored } from "./objects.ts";

/** A kind whose objects can be listed, watched and deleted. */
export interface ServedKind {
  readonly name: ResourceName;
  readonly version: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** An object as it is now (undefined: gone) and as it was before (undefined: new); `object` is the later of the two. */
export interface Change<T extends KubeObject = KubeObject> {
  readonly object: T;
  readonly now: T | undefined;
  readonly before: T | undefined;
}

type Listener = (change: Change, kind: ServedKind) => void;

/** What a definition of a custom kind says of it. */
type Definition = Stored<{
  spec: {
    group: string;
    scope: string;
    names: { plural: string; kind: string };
    versions: readonly { name: string; storage?: boolean }[];
  };
  status: { conditions?: readonly { type: string; status: string }[] };
}>;

/** One watch over every served kind, the custom ones as they come and go, that all controllers share. */
export class Informers {
  readonly #client: Client;
  readonly #listeners: Listener[] = [];
  readonly #watched = new Map<string, { readonly kind: ServedKind; end: () => void }>();
  readonly #known = new Map<string, { readonly kind: ServedKind; readonly object: KubeObject }>();

  constructor(client: Client) {
    this.#client = client;
  }

  /** Hears of every change of every kind; to be called before the start. */
  listen(listener: Listener): void {
    this.#listeners.push(listener);
  }

  start(): void {
    for (const kind of builtInKinds()) this.#watch(kind);
  }

  stop(): void {
    for (const { end } of this.#watched.values()) end();
  }

  /** The kinds that are served now. */
  kinds(): readonly ServedKind[] {
    return [...this.#watched.values()].map(({ kind }) => kind);
  }

  /** The object of a uid, with its kind. */
  find(uid: string): { readonly kind: ServedKind; readonly object: KubeObject } | undefined {
    return this.#known.get(uid);
  }

  #watch(kind: ServedKind): void {
    const key = keyOfKind(kind.name);
    if (this.#watched.has(key)) return;
    // In the table before its first object is told of.
    const entry = { kind, end: (): void => {} };
    this.#watched.set(key, entry);
    entry.end = this.#client.watch(kind.name, (event) => {
      this.#tell(kind, event);
    });
  }

  #tell(kind: ServedKind, { type, object }: WatchEvent): void {
    const uid = object.metadata.uid ?? "";
    const gone = type === "DELETED";
    const before = gone ? object : this.#known.get(uid)?.object;
    if (gone) this.#known.delete(uid);
    else this.#known.set(uid, { kind, object });
    if (kind.name.resource === "customresourcedefinitions") this.#define(object as Definition, gone);
    for (const listener of this.#listeners) listener({ object, now: gone ? undefined : object, before }, kind);
  }

  #define({ spec, status }: Definition, gone: boolean): void {
    const { group, names, scope, versions } = spec;
    const name = { group, resource: names.plural };
    const version = (versions.find(({ storage }) => storage) ?? versions[0])?.name ?? "";
    if (gone) {
      this.#watched.get(keyOfKind(name))?.end();
      this.#watched.delete(keyOfKind(name));
    } else if (holds(status?.conditions, "Established")) {
      this.#watch({ name, version, kind: names.kind, namespaced: scope === "Namespaced" });
    }
  }
}

/** Each kind once, though it may be served by two groups. */
function builtInKinds(): readonly ServedKind[] {
  const rows = new ResourceTable()
    .all()
    .filter(({ verbs }) => ["list", "watch", "delete"].every((verb) => verbs.includes(verb)))
    .map(({ group, resource, version, kind, namespaced, storedAs }) => {
      return [storedAs, { name: { group, resource }, version, kind, namespaced }] as const;
    });
  return [...new Map(rows.toReversed()).values()];
}

function keyOfKind({ group, resource }: ResourceName): string {
  return `${resource}.${group}`;
}
