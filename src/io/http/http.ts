/** One request to a server outside. */
export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly url: URL;
  readonly headers: { readonly [name: string]: string };
  readonly body?: string;
}

/** Its whole answer; header names are lower case. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: { readonly [name: string]: string | readonly string[] | undefined };
  /** At most 1 MiB of it. */
  readonly body: string;
}

/** The door to servers outside: forges and webhooks. */
export interface Http {
  /** Sends a request and reads the whole answer, whatever its status; follows no redirect. Rejects where there is no answer. */
  send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>;
  close(): void;
}
