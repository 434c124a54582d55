import type { Client, KubeObject, ResourceName } from "../client.ts";
import { ResourceTable } from "../api/resource-table.ts";
import { observe } from "./controller.ts";

/** A kind whose objects can be listed, watched and deleted. */
export interface ServedKind {
  readonly name: ResourceName;
  readonly version: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

interface Definition extends KubeObject {
  readonly spec: {
    readonly group: string;
    readonly scope: string;
    readonly names: { readonly plural: string; readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly storage?: boolean }[];
  };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

const definitions: ResourceName = { group: "apiextensions.k8s.io", resource: "customresourcedefinitions" };

/** Hears of every change of an object of any kind. */
type AnyChange = (kind: ServedKind, now: KubeObject | undefined, before: KubeObject | undefined) => void;

/** All kinds that are served, the custom ones as they come and go, and a watch over every object of them. */
export class ServedKinds {
  readonly #client: Client;
  readonly #changed: AnyChange;
  readonly #watched = new Map<string, { readonly kind: ServedKind; readonly end: () => void }>();
  readonly #endDefinitions: () => void;

  constructor(client: Client, changed: AnyChange) {
    this.#client = client;
    this.#changed = changed;
    for (const kind of builtInKinds()) this.#watch(kind);
    this.#endDefinitions = observe<Definition>(client, definitions, (now, before) => {
      const definition = now ?? before;
      if (!definition) return;
      const kind = kindOf(definition);
      if (!now) this.#forget(kind);
      else if (isEstablished(now)) this.#watch(kind);
    });
  }

  all(): readonly ServedKind[] {
    return [...this.#watched.values()].map(({ kind }) => kind);
  }

  /** The kind that an owner reference means, in whichever of its versions. */
  ofReference(apiVersion: string, kind: string): ServedKind | undefined {
    const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
    return this.all().find((served) => served.kind === kind && served.name.group === group);
  }

  stop(): void {
    this.#endDefinitions();
    for (const { end } of this.#watched.values()) end();
  }

  #watch(kind: ServedKind): void {
    const key = keyOfKind(kind);
    if (this.#watched.has(key)) return;
    // In the list before its first object is told of.
    this.#watched.set(key, { kind, end: () => {} });
    const end = observe(this.#client, kind.name, (now, before) => {
      this.#changed(kind, now, before);
    });
    this.#watched.set(key, { kind, end });
  }

  #forget(kind: ServedKind): void {
    this.#watched.get(keyOfKind(kind))?.end();
    this.#watched.delete(keyOfKind(kind));
  }
}

function builtInKinds(): readonly ServedKind[] {
  const stored = new Set<string>();
  const kinds: ServedKind[] = [];
  for (const row of new ResourceTable().all()) {
    if (stored.has(row.storedAs) || !["list", "watch", "delete"].every((verb) => row.verbs.includes(verb))) continue;
    stored.add(row.storedAs);
    const { group, resource, version, kind, namespaced } = row;
    kinds.push({ name: { group, resource }, version, kind, namespaced });
  }
  return kinds;
}

function kindOf({ spec }: Definition): ServedKind {
  const version = spec.versions.find(({ storage }) => storage) ?? spec.versions[0];
  return {
    name: { group: spec.group, resource: spec.names.plural },
    version: version?.name ?? "",
    kind: spec.names.kind,
    namespaced: spec.scope === "Namespaced",
  };
}

function isEstablished({ status }: Definition): boolean {
  return (status?.conditions ?? []).some(({ type, status }) => type === "Established" && status === "True");
}

function keyOfKind({ name }: ServedKind): string {
  return `${name.resource}.${name.group}`;
}
