import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { ApiError } from "../../client.ts";
import type { NodeHooks } from "../hooks.ts";
import { statusOf } from "../refusal.ts";
import type { ApiServer } from "../server.ts";
import { announce } from "./announce.ts";
import { type Answer, json, Query } from "./exchange.ts";
import { type Identity, userOf, userOfToken } from "./identity.ts";
import { route } from "./route.ts";

/** What a listener needs. */
export interface ListenOptions {
  readonly api: ApiServer;
  readonly identity: Identity;
  /** 0 takes any port that is free. */
  readonly port: number;
  /** Undefined while no node runs: logs and proxies are refused then. */
  readonly hooks?: NodeHooks;
}

/** An API server that can be reached. */
export interface Listener {
  readonly url: string;
  /** Ends every connection, watches too. */
  close(): Promise<void>;
}

/** Serves the API over HTTPS on this machine's loopback; rejects when the port is in use. */
export async function listen(options: ListenOptions): Promise<Listener> {
  const { identity, port } = options;
  const server = createServer({
    cert: identity.server.certificate,
    key: identity.server.key,
    ca: identity.caCertificate,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: "TLSv1.2",
  });
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    void answerRequest(options, request, response);
  });
  server.keepAliveTimeout = 90_000;
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const why =
        error.code === "EADDRINUSE" ? `port ${port} is in use; choose another, or stop what uses it` : error.message;
      reject(new Error(`the API server cannot listen on 127.0.0.1:${port}: ${why}`, { cause: error }));
    });
    server.listen(port, "127.0.0.1", resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  announce(options.api, bound);
  return {
    url: `https://127.0.0.1:${bound}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answerRequest(
  { api, identity, hooks }: ListenOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const warnings: string[] = [];
  let answer: Answer | undefined;
  try {
    const user = userOf(identity, request.socket as TLSSocket, request.headers.authorization);
    if (!user) throw new ApiError(401, "Unauthorized", "Unauthorized");
    // Joined and not resolved: a path of two slashes would be taken for a host.
    const path = request.url ?? "/";
    const url = new URL(`https://127.0.0.1${path.startsWith("/") ? "" : "/"}${path}`);
    answer = await route({
      api,
      hooks,
      user,
      authenticate: (token) => userOfToken(identity, token),
      method: request.method ?? "GET",
      url,
      query: new Query(url.searchParams),
      request,
      response,
      warn: (text) => warnings.push(`299 - ${JSON.stringify(text)}`),
    });
  } catch (error) {
    // A client that went away in the middle of its body hears no answer.
    answer = error === request.errored ? undefined : refusal(error);
  }
  if (!answer) return;
  if (response.headersSent) response.destroy();
  else send(request, response, answer, warnings);
}

function refusal(error: unknown): Answer {
  if (error instanceof ApiError) {
    const { retryAfterSeconds: seconds } = error;
    const headers = seconds === undefined ? {} : { "retry-after": String(seconds) };
    return { ...json(error.code, statusOf(error)), headers };
  }
  // A defect of this server: the client gets a Status all the same, and the trace goes to who runs it.
  console.error(error);
  const { message } = error as Error;
  const causes = [{ message }];
  return json(500, statusOf(new ApiError(500, "InternalError", `Internal error occurred: ${message}`, { causes })));
}

function send(request: IncomingMessage, response: ServerResponse, answer: Answer, warnings: readonly string[]): void {
  const { status, type, body, headers = {} } = answer;
  // What is left of an unread body would be taken for the next request.
  if (!request.complete) request.resume();
  if (warnings.length > 0) response.setHeader("warning", warnings);
  response.writeHead(status, {
    ...(type === undefined ? {} : { "content-type": type }),
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-cache, private",
    ...headers,
  });
  response.end(request.method === "HEAD" ? undefined : body);
}
