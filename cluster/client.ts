import type { ObjectMeta } from "kubernetes-types/meta/v1.js";

/** Any object of the cluster: identity and metadata typed, the rest JSON, which controllers narrow at their door. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

/** A served kind by its API group ("" is core) and plural, as in URLs: `{ group: "apps", resource: "deployments" }`. */
export interface ResourceName {
  readonly group: string;
  readonly resource: string;
}

/** A refusal with the Status that HTTP clients would get. */
export class ApiError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: number,
    reason: string,
    message: string,
    details?: Readonly<Record<string, unknown>>,
    retryAfterSeconds?: number,
  ) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.reason = reason;
    this.details = details;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** What a watch tells. Objects are shared: never change them. */
export interface WatchEvent<T extends KubeObject = KubeObject> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: T;
}

/** How to delete; as in DeleteOptions of the Kubernetes API. */
export interface DeleteOptions {
  readonly propagation?: "Background" | "Foreground" | "Orphan";
  readonly gracePeriodSeconds?: number;
  readonly uid?: string;
  readonly resourceVersion?: string;
}

/**
 * What controllers and the node see of the API server: the same admission, defaulting, validation, managed fields and
 * watches as over HTTPS, in this process, as the given field manager. Writes reject with `ApiError`.
 */
export interface Client {
  get<T extends KubeObject>(resource: ResourceName, namespace: string, name: string): T | undefined;
  /** All objects of a kind; `namespace` undefined is all namespaces. In the order of namespace and name. */
  list<T extends KubeObject>(resource: ResourceName, namespace?: string): readonly T[];
  create<T extends KubeObject>(resource: ResourceName, object: T): Promise<T>;
  /** PUT, with optimistic concurrency where metadata.resourceVersion is set. */
  update<T extends KubeObject>(resource: ResourceName, object: T): Promise<T>;
  /** PUT of the status subresource. */
  updateStatus<T extends KubeObject>(resource: ResourceName, object: T): Promise<T>;
  /** JSON merge patch (RFC 7386), of the object, of its status, or of what a namespace's end still waits for. */
  mergePatch<T extends KubeObject>(
    resource: ResourceName,
    namespace: string,
    name: string,
    patch: object,
    subresource?: "status" | "finalize",
  ): Promise<T>;
  delete(resource: ResourceName, namespace: string, name: string, options?: DeleteOptions): Promise<void>;
  /** Every object of the kind as ADDED, then every change, in order, synchronously. Returns a function that ends it. */
  watch<T extends KubeObject>(resource: ResourceName, onEvent: (event: WatchEvent<T>) => void): () => void;
  /** The same server under another field manager. */
  as(fieldManager: string): Client;
}
