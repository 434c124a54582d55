import type { ApiError } from "../client.ts";

/** Which part of a container's log is wanted; as in the query of pods/log. */
export interface LogOptions {
  readonly container: string;
  readonly follow: boolean;
  /** The log of the instance before the last restart. */
  readonly previous: boolean;
  readonly timestamps: boolean;
  readonly tailLines?: number;
  readonly limitBytes?: number;
  readonly sinceSeconds?: number;
  /** RFC 3339. */
  readonly sinceTime?: string;
  /** Aborted when the reader has gone. */
  readonly signal: AbortSignal;
}

/** What the API server asks of the node that runs the pods. */
export interface NodeHooks {
  /** The log as it comes; an `ApiError` where there is none. Ends at once unless `follow`. */
  logs(namespace: string, pod: string, options: LogOptions): AsyncIterable<Buffer> | ApiError;
  /** Where a port of a pod can be reached on this machine, for the proxies. */
  dial(podIP: string, port: number): { readonly host: string; readonly port: number };
}
