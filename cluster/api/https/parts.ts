import type { Resource } from "../resource-table.ts";
import { evict } from "./eviction.ts";
import type { Handler } from "./exchange.ts";
import { streamLog } from "./logs.ts";
import { getObject, replaceObject } from "./objects.ts";
import { patchOne } from "./patches.ts";
import { proxy } from "./proxy.ts";
import { getScale, patchScale, replaceScale } from "./scale.ts";

/** What may be done, by verb, and how it is answered. */
export type Verbs = Readonly<Record<string, Handler>>;

/** The kind of a subresource where it is not the resource's. */
type Kind = { readonly group?: string; readonly version?: string; readonly kind: string };

const proxied: Verbs = { create: proxy, delete: proxy, get: proxy, patch: proxy, update: proxy };

/** The subresources with their verbs: those of any resource by their name, others by their resource's too. */
const parts: Readonly<Record<string, { readonly handlers: Verbs; readonly kind?: Kind }>> = {
  status: { handlers: { get: getObject, patch: patchOne, update: replaceObject } },
  scale: {
    handlers: { get: getScale, patch: patchScale, update: replaceScale },
    kind: { group: "autoscaling", version: "v1", kind: "Scale" },
  },
  "namespaces/finalize": { handlers: { update: replaceObject } },
  "pods/eviction": { handlers: { create: evict }, kind: { group: "policy", version: "v1", kind: "Eviction" } },
  "pods/log": { handlers: { get: streamLog } },
  "pods/proxy": { handlers: proxied, kind: { kind: "PodProxyOptions" } },
  "services/proxy": { handlers: proxied, kind: { kind: "ServiceProxyOptions" } },
};

/** A subresource as it is told and answered. */
interface Part {
  readonly handlers: Verbs;
  readonly verbs: readonly string[];
  readonly kind?: Kind;
}

/** The subresources of a resource by their names, in the order in which they are told. */
export function partsOf({ qualifiedName, subresources, custom }: Resource): readonly (readonly [string, Part])[] {
  return (custom ? subresources : subresources.toSorted()).flatMap((name) => {
    const part = parts[name] ?? parts[`${qualifiedName}/${name}`];
    return part ? [[name, { ...part, verbs: Object.keys(part.handlers) }] as const] : [];
  });
}
