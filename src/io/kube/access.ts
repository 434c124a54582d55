/** What lets one request in: the Authorization header, or a client certificate with its key (PEM). */
export interface Credentials {
  readonly authorization?: string;
  readonly certificate?: string;
  readonly key?: string;
}

/** Where credentials come from. They are asked for before each request, because they are replaced while we run. */
export interface CredentialSource {
  /** Rejects with a sentence for people, never with a credential in it. */
  get(): Promise<Credentials>;
  /**
   * The server did not take what `get` gave last (401): the next `get` looks again instead of remembering. False where it
   * can only give the same again.
   */
  refused(): boolean;
}

/** What it takes to reach one API server and to be let in. */
export interface KubeAccess {
  readonly server: URL;
  /** PEM; without it the authorities that Node trusts count. */
  readonly authority?: string;
  /** The name that the server's certificate must carry, where it is not the host of `server`. */
  readonly tlsServerName?: string;
  readonly insecure?: boolean;
  /** The namespace of the context, or of the pod. */
  readonly namespace: string;
  /** The http or https proxy on the way. */
  readonly proxy?: URL;
  readonly credentials: CredentialSource;
  /** What the place that this is from says now; undefined while that is the same, or says nothing of use. */
  again?(): Promise<KubeAccess | undefined>;
}
