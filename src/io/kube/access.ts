/** What it takes to reach one API server and to be let in. Certificates and keys are PEM. */
export interface KubeAccess {
  readonly server: URL;
  readonly authority?: string;
  readonly certificate?: string;
  readonly key?: string;
  /** The name that the server's certificate must carry, where it is not the host of `server`. */
  readonly tlsServerName?: string;
  readonly insecure?: boolean;
  /** The namespace of the context, or of the pod. */
  readonly namespace: string;
  /** The value of the Authorization header for the next request; asked each time, because tokens are replaced while we run. */
  readonly authorization?: () => Promise<string>;
}
