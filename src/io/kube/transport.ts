import http from "node:http";
import https from "node:https";
import type { IncomingMessage } from "node:http";
import type { Clock } from "../clock/clock.ts";
import type { KubeAccess } from "./access.ts";

/** One HTTP request to the API server; `path` starts with a slash and carries the query. */
export interface KubeRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

/** The whole answer to a request. */
export interface KubeResponse {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
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
  readonly #access: KubeAccess;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #agent: http.Agent;

  constructor(access: KubeAccess, clock: Clock, timeoutMs: number) {
    this.#access = access;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    // With keep-alive probes the system notices a peer that vanished without a word.
    const pool = { keepAlive: true, keepAliveMsecs: 15_000, scheduling: "lifo" } as const;
    this.#agent =
      access.server.protocol === "http:"
        ? new http.Agent(pool)
        : new https.Agent({
            ...pool,
            ca: access.authority,
            cert: access.certificate,
            key: access.key,
            rejectUnauthorized: access.insecure !== true,
            ...(access.tlsServerName === undefined ? {} : { servername: access.tlsServerName }),
          });
  }

  /** Sends a request and reads the whole answer; rejects with `NoAnswer`. */
  async send(request: KubeRequest): Promise<KubeResponse> {
    const answer = await this.open(request, this.#timeoutMs);
    try {
      const body = await readAll(answer.message);
      return { status: answer.message.statusCode ?? 0, headers: answer.message.headers, body };
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
  async open(
    request: KubeRequest,
    timeoutMs: number,
  ): Promise<{ readonly message: IncomingMessage; readonly done: () => void }> {
    const headers: Record<string, string> = { accept: "application/json", "user-agent": "plumbline" };
    if (this.#access.authorization) headers["authorization"] = await this.#authorize(this.#access.authorization);
    if (request.body !== undefined) {
      headers["content-type"] = request.contentType ?? "application/json";
      headers["content-length"] = String(Buffer.byteLength(request.body));
    }
    return this.#start(request, headers, timeoutMs);
  }

  close(): void {
    this.#agent.destroy();
  }

  async #authorize(authorization: () => Promise<string>): Promise<string> {
    try {
      return await authorization();
    } catch (error) {
      throw new NoAnswer(`no credentials: ${messageOf(error)}`, false);
    }
  }

  #start(
    request: KubeRequest,
    headers: Record<string, string>,
    timeoutMs: number,
  ): Promise<{ readonly message: IncomingMessage; readonly done: () => void }> {
    return new Promise((resolve, reject) => {
      const { server } = this.#access;
      const url = new URL(server.pathname.replace(/\/$/, "") + request.path, server);
      const open = server.protocol === "http:" ? http.request : https.request;
      const { method, signal } = request;
      const outgoing = open(url, { method, headers, agent: this.#agent, ...(signal ? { signal } : {}) });
      const cancel = this.#clock.at(this.#clock.now() + timeoutMs, () => {
        outgoing.destroy(new Error(`no whole answer within ${Math.round(timeoutMs / 1000)} s`));
      });
      outgoing.on("error", (error: NodeJS.ErrnoException) => {
        cancel();
        reject(new NoAnswer(messageOf(error), !neverSent.has(error.code ?? "")));
      });
      outgoing.on("response", (message) => {
        resolve({ message, done: cancel });
      });
      outgoing.end(request.body);
    });
  }
}

/** Failures of the connection itself, before a byte of the request left. */
const neverSent = new Set(["ECONNREFUSED", "ENOTFOUND", "EHOSTUNREACH", "ENETUNREACH", "EAI_AGAIN"]);

async function readAll(message: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of message) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString("utf8");
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}
