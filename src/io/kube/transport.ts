import http from "node:http";
import https from "node:https";
import type { IncomingMessage } from "node:http";
import { HttpsProxyAgent } from "https-proxy-agent";
import type { Clock } from "../clock/clock.ts";
import type { Credentials, KubeAccess } from "./access.ts";

/** One HTTP request to the API server; `path` starts with a slash and carries the query. */
export interface KubeRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
  /** A longer answer is cut some bytes after these; default none. */
  readonly mostBytes?: number;
}

/** The whole answer to a request. */
export interface KubeResponse {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  /** A 401 that other credentials may avert, which the next request asks for. */
  readonly askAgain: boolean;
}

/** An answer whose body is still to be read; `done` says that nobody reads on. */
export interface OpenAnswer {
  readonly message: IncomingMessage;
  readonly askAgain: boolean;
  readonly done: () => void;
}

/** A request that got no whole answer; `sent` is false when the server certainly never saw it. */
export class NoAnswer extends Error {
  readonly sent: boolean;

  constructor(message: string, sent: boolean) {
    super(message);
    this.name = "NoAnswer";
    this.sent = sent;
  }
}

/** One keep-alive pool of connections to one API server. */
export class Transport {
  #access: KubeAccess;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  #agent: http.Agent;
  /** The server could not be reached or did not let us in: what we know of it may be of yesterday. */
  #isInDoubt = false;

  constructor(access: KubeAccess, clock: Clock, timeoutMs: number) {
    this.#access = access;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#agent = agentFor(access);
  }

  /** Sends a request and reads the whole answer; rejects with `NoAnswer`. */
  async send(request: KubeRequest): Promise<KubeResponse> {
    const answer = await this.open(request, this.#timeoutMs);
    try {
      const body = await readAll(answer.message, request.mostBytes);
      const { statusCode = 0, headers } = answer.message;
      return { status: statusCode, headers, body, askAgain: answer.askAgain };
    } catch (error) {
      throw new NoAnswer(messageOf(error), true);
    } finally {
      answer.done();
    }
  }

  /**
   * Sends a request and hands back the answer as soon as its head is here; the caller reads the body and calls `done`.
   * The connection is ended when `timeoutMs` have passed before that. Rejects with `NoAnswer`.
   */
  async open(request: KubeRequest, timeoutMs: number): Promise<OpenAnswer> {
    if (this.#isInDoubt) await this.#lookAgain();
    const headers: Record<string, string> = { accept: "application/json", "user-agent": "plumbline" };
    const { authorization, certificate, key } = await this.#credentials();
    if (authorization !== undefined) headers["authorization"] = authorization;
    if (request.body !== undefined) {
      headers["content-type"] = request.contentType ?? "application/json";
      headers["content-length"] = String(Buffer.byteLength(request.body));
    }
    // The agent keeps connections apart by the certificate that they were opened with.
    return this.#start(request, { headers, cert: certificate, key }, timeoutMs);
  }

  close(): void {
    this.#agent.destroy();
  }

  async #lookAgain(): Promise<void> {
    this.#isInDoubt = false;
    const access = await this.#access.again?.();
    if (!access) return;
    this.#agent.destroy();
    this.#access = access;
    this.#agent = agentFor(access);
  }

  async #credentials(): Promise<Credentials> {
    try {
      return await this.#access.credentials.get();
    } catch (error) {
      throw new NoAnswer(`no credentials: ${messageOf(error)}`, false);
    }
  }

  #start(request: KubeRequest, options: https.RequestOptions, timeoutMs: number): Promise<OpenAnswer> {
    return new Promise((resolve, reject) => {
      const { server, authority, insecure, tlsServerName } = this.#access;
      const url = new URL(server.pathname.replace(/\/$/, "") + request.path, server);
      const open = server.protocol === "http:" ? http.request : https.request;
      const { method, signal } = request;
      const outgoing = open(url, {
        ...options,
        method,
        agent: this.#agent,
        ca: authority,
        rejectUnauthorized: insecure !== true,
        ...(tlsServerName === undefined ? {} : { servername: tlsServerName }),
        ...(signal ? { signal } : {}),
      });
      const cancel = this.#clock.at(this.#clock.now() + timeoutMs, () => {
        outgoing.destroy(new Error(`no whole answer within ${Math.round(timeoutMs / 1000)} s`));
      });
      outgoing.on("error", (error: NodeJS.ErrnoException) => {
        cancel();
        this.#isInDoubt = true;
        reject(new NoAnswer(messageOf(error), !neverSent.has(error.code ?? "")));
      });
      outgoing.on("response", (message) => {
        const isRefused = message.statusCode === 401;
        if (isRefused) this.#isInDoubt = true;
        const askAgain = isRefused && this.#access.credentials.refused();
        resolve({ message, askAgain, done: cancel });
      });
      outgoing.end(request.body);
    });
  }
}

/** A pool of kept connections, through the proxy where there is one. */
function agentFor({ server, proxy }: KubeAccess): http.Agent {
  // With keep-alive probes the system notices a peer that vanished without a word.
  const pool = { keepAlive: true, keepAliveMsecs: 15_000, scheduling: "lifo" } as const;
  if (proxy) return new HttpsProxyAgent(proxy, pool);
  return server.protocol === "http:" ? new http.Agent(pool) : new https.Agent(pool);
}

/** Failures of the connection itself, before a byte of the request left. */
const neverSent = new Set(["ECONNREFUSED", "ENOTFOUND", "EHOSTUNREACH", "ENETUNREACH", "EAI_AGAIN"]);

async function readAll(message: IncomingMessage, mostBytes = Infinity): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of message) {
    pieces.push(piece as Buffer);
    length += (piece as Buffer).length;
    // Leaving the loop ends the connection: nobody sends the rest.
    if (length > mostBytes) break;
  }
  return Buffer.concat(pieces).toString("utf8");
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}
