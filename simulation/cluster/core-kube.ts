import { ApiError, statusOf } from "../../cluster/core.ts";
import type { ApiServer, Change, KubeObject as StoredObject, Place, Resource } from "../../cluster/core.ts";
import type { Clock } from "../../src/io/clock/clock.ts";
import type { Kube, KubeAnswer, KubeResource, WatchTarget } from "../../src/io/kube/kube.ts";
import { refusalOf } from "../../src/io/kube/refusal.ts";
import type { KubeObject } from "../../src/model/kube-object.ts";

/** What a client without a wire is made of. */
export interface CoreKubeOptions {
  readonly clock: Clock;
  /** How long the next message of a watch is on its way, in milliseconds. */
  readonly delayMs: () => number;
  /** As whom it creates and replaces. */
  readonly fieldManager?: string;
  /** The status of a request through the service proxy; default 404. */
  readonly proxy?: (path: string) => number;
}

/** The door to the heart of a cluster in this process: the same rules and refusals as over HTTPS, and no wire. */
export function coreKube(
  api: ApiServer,
  { clock, delayMs, fieldManager = "plumbline", proxy = () => 404 }: CoreKubeOptions,
): Kube {
  const counts = new Map<string, number>();
  const place = (kind: KubeResource, namespace = "", name = ""): Place => {
    return { resource: served(api, kind), namespace: kind.namespaced ? namespace : "", name };
  };
  const ask = async <T>(verb: string, { resource }: KubeResource, work: () => T): Promise<KubeAnswer<T>> => {
    const key = `${verb} ${resource}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
    try {
      return { ok: true, value: work(), warnings: [] };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return { ok: false, refusal: refusalOf(error.code, JSON.stringify(statusOf(error))) };
    }
  };
  const placeOf = (kind: KubeResource, { metadata }: KubeObject) => place(kind, metadata.namespace, metadata.name);
  return {
    async resource(apiVersion, kind) {
      const found = api.table.all().find((one) => one.apiVersion === apiVersion && one.kind === kind);
      return { ok: true, value: found && kindOf(found), warnings: [] };
    },
    get: (kind, namespace, name) => ask("GET", kind, () => plain(api.get(place(kind, namespace, name)))),
    list: (target) => ask("LIST", target.resource, () => listed(api, target)),
    create: (kind, object) =>
      ask("POST", kind, () => {
        const { resource, namespace } = placeOf(kind, object);
        return plain(api.create(resource, namespace, object, { fieldManager }));
      }),
    replace: (kind, object) =>
      ask("PUT", kind, () => plain(api.update(placeOf(kind, object), () => object, { fieldManager }))),
    apply: (kind, object, options) =>
      ask(options.dryRun ? "TRY" : "PATCH", kind, () => {
        const strict = { ...options, fieldValidation: "Strict" } as const;
        return plain(api.apply(placeOf(kind, object), object, strict).object);
      }),
    delete: (kind, namespace, name, { uid } = {}) =>
      ask("DELETE", kind, () => {
        const options = { propagation: "Background", ...(uid === undefined ? {} : { uid }) } as const;
        return plain(api.delete(place(kind, namespace, name), options).object);
      }),
    watch(target, onMessage, signal) {
      watch(api, target, { clock, delayMs, onMessage, signal });
    },
    raw: async (path) => ({ status: path === "/version" ? 200 : proxy(path), body: "{}", headers: {} }),
    requestCounts: () => new Map(counts),
    close: () => undefined,
  };
}

function served(api: ApiServer, { group, version, resource }: KubeResource): Resource {
  const found = api.table.find(group, version, resource);
  if (!found) throw new ApiError(404, "NotFound", "the server could not find the requested resource", {});
  return found;
}

function kindOf({ group, version, kind, resource, namespaced, subresources }: Resource): KubeResource {
  return { group, version, kind, resource, namespaced, hasStatus: subresources.includes("status") };
}

/** The two rooms name the same JSON by types of their own. */
function plain(object: StoredObject): KubeObject {
  return object as KubeObject;
}

function fits({ namespace, labelSelector }: WatchTarget, { metadata }: StoredObject): boolean {
  if (namespace !== undefined && metadata.namespace !== namespace) return false;
  if (labelSelector === undefined) return true;
  const [key = "", value] = labelSelector.split("=");
  const label = metadata.labels?.[key];
  return label !== undefined && (value === undefined || label === value);
}

function listed(api: ApiServer, target: WatchTarget): readonly KubeObject[] {
  const { storedAs } = served(api, target.resource);
  return api.store
    .list(storedAs)
    .filter((object) => fits(target, object))
    .map(plain);
}

interface Watching extends Pick<CoreKubeOptions, "clock" | "delayMs"> {
  readonly onMessage: Parameters<Kube["watch"]>[1];
  readonly signal: AbortSignal;
}

/** Tells the whole list, then every change, each after the one before it. */
function watch(api: ApiServer, target: WatchTarget, { clock, delayMs, onMessage, signal }: Watching): void {
  let arrivesMs = 0;
  const send = (message: Parameters<typeof onMessage>[0]): void => {
    arrivesMs = Math.max(arrivesMs, clock.now() + delayMs());
    clock.at(arrivesMs, () => {
      if (!signal.aborted) onMessage(message);
    });
  };
  const tell = ({ type, object, previous }: Change): void => {
    const before = previous !== undefined && fits(target, previous);
    const now = type !== "DELETED" && fits(target, object);
    if (now) send({ type: "changed", object: plain(object) });
    else if (before) send({ type: "deleted", object: plain(object) });
  };
  send({ type: "synced", objects: listed(api, target) });
  const stop = api.store.subscribe(served(api, target.resource).storedAs, tell);
  signal.addEventListener("abort", stop, { once: true });
}
