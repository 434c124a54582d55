import type { Resource } from "../resource-table.ts";
import { evict } from "./eviction.ts";
import type { Handler } from "./exchange.ts";
import { streamLog } from "./logs.ts";
import { getObject, patchOne, replaceObject } from "./objects.ts";
import { proxy } from "./proxy.ts";
import { getScale, patchScale, replaceScale } from "./scale.ts";

/** The methods of HTTP that are verbs here; HEAD is a GET. */
export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** What may be done, and how it is answered. */
export type Verbs = Readonly<Partial<Record<Method, Handler>>>;

/** A subresource: its verbs, and its kind where that is not the resource's. */
interface Part {
  readonly verbs: Verbs;
  readonly kind?: { readonly group?: string; readonly version?: string; readonly kind: string };
}

const proxied: Verbs = { GET: proxy, POST: proxy, PUT: proxy, PATCH: proxy, DELETE: proxy };

/** The subresources: those of any resource by their name, others by their resource's too. */
const parts: Readonly<Record<string, Part>> = {
  status: { verbs: { GET: getObject, PUT: replaceObject, PATCH: patchOne } },
  scale: {
    verbs: { GET: getScale, PUT: replaceScale, PATCH: patchScale },
    kind: { group: "autoscaling", version: "v1", kind: "Scale" },
  },
  "namespaces/finalize": { verbs: { PUT: replaceObject } },
  "pods/eviction": { verbs: { POST: evict }, kind: { group: "policy", version: "v1", kind: "Eviction" } },
  "pods/log": { verbs: { GET: streamLog } },
  "pods/proxy": { verbs: proxied, kind: { kind: "PodProxyOptions" } },
  "services/proxy": { verbs: proxied, kind: { kind: "ServiceProxyOptions" } },
};

/** A subresource of a resource; undefined where there is none of the name. */
export function partOf({ qualifiedName, subresources }: Resource, subresource: string): Part | undefined {
  if (!subresources.includes(subresource)) return undefined;
  return parts[subresource] ?? parts[`${qualifiedName}/${subresource}`];
}
