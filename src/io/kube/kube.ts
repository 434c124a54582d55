import type { Json, JsonObject } from "../../model/json.ts";
import type { KubeObject } from "../../model/kube-object.ts";

/** A kind as the API server serves it, from discovery. */
export interface KubeResource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** The plural in URLs. */
  readonly resource: string;
  readonly namespaced: boolean;
  /** Whether its objects have a status that controllers write; undefined where discovery was not asked. */
  readonly hasStatus?: boolean;
}

/** A refusal of the API server, from its Status body; `code` 0 when there was no answer at all. */
export interface KubeRefusal {
  readonly code: number;
  /** NotFound, Conflict, Invalid, Forbidden, AlreadyExists, Expired, TooManyRequests, …; Unreachable when code is 0. */
  readonly reason: string;
  readonly message: string;
  readonly causes: readonly { readonly reason: string; readonly message: string; readonly field: string }[];
  /** Of a 404: the name of the object that is not there. Without it the kind itself may not be served. */
  readonly missing?: string;
  /** From Retry-After, where the server said so. */
  readonly retryAfterMs?: number;
}

/** An answer or a refusal: refusals are expected, so they are values. */
export type KubeAnswer<T> =
  | { readonly ok: true; readonly value: T; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly refusal: KubeRefusal };

/** Options of a server-side apply. */
export interface ApplyOptions {
  readonly fieldManager: string;
  readonly force: boolean;
  readonly dryRun: boolean;
}

/** What to watch: one kind, in one namespace or (undefined) all, by label selector. */
export interface WatchTarget {
  readonly resource: KubeResource;
  readonly namespace?: string;
  readonly labelSelector?: string;
}

/**
 * What a watch says. `synced` carries the whole list: at the start and whenever the watch had to begin again, so that
 * what vanished meanwhile is seen to be gone. `trouble` says that it is being opened again after a back-off, and `resumed`
 * that it was, from where it had come to: where nothing happened meanwhile, that is all that is said.
 */
export type WatchMessage =
  | { readonly type: "synced"; readonly objects: readonly KubeObject[] }
  | { readonly type: "changed" | "deleted"; readonly object: KubeObject }
  | { readonly type: "resumed" }
  | { readonly type: "trouble"; readonly refusal: KubeRefusal };

/** An answer as it came; status 0 where there was none, with the reason as its body. */
export interface RawAnswer {
  readonly status: number;
  readonly body: string;
  readonly headers: JsonObject;
}

/** Bounds of asking what somebody else answers behind the API server; without them those of every request. */
export interface RawBounds {
  /** The whole answer, repeated attempts included, in milliseconds. */
  readonly withinMs: number;
  /** A longer answer is cut some bytes after these. */
  readonly mostBytes: number;
}

/**
 * The door to a Kubernetes API server, the embedded one and any other alike. Requests that were answered 429 or 5xx with
 * Retry-After, or that got no answer, are retried within bounds where that is safe.
 */
export interface Kube {
  /** The kind behind an apiVersion; undefined when the server does not serve it. Looked up once and remembered. */
  resource(apiVersion: string, kind: string): Promise<KubeAnswer<KubeResource | undefined>>;
  get(resource: KubeResource, namespace: string, name: string): Promise<KubeAnswer<KubeObject>>;
  list(target: WatchTarget): Promise<KubeAnswer<readonly KubeObject[]>>;
  create(resource: KubeResource, object: KubeObject): Promise<KubeAnswer<KubeObject>>;
  /** PUT: refused with Conflict unless metadata.resourceVersion is the newest. */
  replace(resource: KubeResource, object: KubeObject): Promise<KubeAnswer<KubeObject>>;
  /** Server-side apply. */
  apply(resource: KubeResource, object: KubeObject, options: ApplyOptions): Promise<KubeAnswer<KubeObject>>;
  /** Background deletion; with `uid`, only if the object is still that one. */
  delete(
    resource: KubeResource,
    namespace: string,
    name: string,
    options?: { readonly uid?: string },
  ): Promise<KubeAnswer<Json>>;
  /** Lists, watches, and keeps watching until `signal` aborts. */
  watch(target: WatchTarget, onMessage: (message: WatchMessage) => void, signal: AbortSignal): void;
  /** GET of a path of the API server: service proxy, logs, version. */
  raw(path: string, bounds?: RawBounds): Promise<RawAnswer>;
  /** Answered requests so far by verb, resource and code ("PATCH deployments 200"; 0 had no answer), for metrics and measures. */
  requestCounts(): ReadonlyMap<string, number>;
  close(): void;
}
