import { existsSync, readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { rootCertificates } from "node:tls";
import { HttpsProxyAgent } from "https-proxy-agent";
import { ProblemError } from "../../model/problem.ts";
import type { Http, HttpAnswer, HttpRequest } from "./http.ts";
import { proxyFor } from "./proxy-for.ts";

/** What the door is made of. */
export interface SystemHttpOptions {
  /** Names proxies and further authorities, by the usual variables. */
  readonly environment: { readonly [name: string]: string | undefined };
  /** A file with a further authority that servers may be known by; need not be there. */
  readonly authority?: string;
  /** One request, whole answer included; default 10 s. */
  readonly timeoutMs?: number;
}

const mostBytes = 1024 * 1024;
const pool = { keepAlive: true, keepAliveMsecs: 15_000, maxSockets: 4, scheduling: "lifo" } as const;

/** Opens the door: kept connections, through the proxies that the environment names, trusting its authorities. */
export function systemHttp(options: SystemHttpOptions): Http {
  const agents = new Map<string, http.Agent>();
  const agentFor = (url: URL): http.Agent => {
    const known = agents.get(url.origin);
    if (known) return known;
    const proxy = proxyFor(url, options.environment);
    const plain = url.protocol === "https:" ? https : http;
    const agent = proxy ? new HttpsProxyAgent(proxy, pool) : new plain.Agent(pool);
    agents.set(url.origin, agent);
    return agent;
  };
  return {
    send: async (request, signal) => send(request, signal, agentFor(request.url), options),
    close() {
      for (const agent of agents.values()) agent.destroy();
    },
  };
}

/** The usual ones and those that are named; undefined where none are named, for then Node's own need no reading. */
function authorities({ authority, environment }: SystemHttpOptions): string[] | undefined {
  const named = [authority, environment["SSL_CERT_FILE"], environment["NODE_EXTRA_CA_CERTS"]];
  const there = named.filter((path) => path !== undefined && existsSync(path)) as string[];
  return there.length === 0 ? undefined : [...rootCertificates, ...there.map((path) => readFileSync(path, "utf8"))];
}

function send(
  { method, url, headers, body }: HttpRequest,
  signal: AbortSignal,
  agent: http.Agent,
  options: SystemHttpOptions,
): Promise<HttpAnswer> {
  const { timeoutMs = 10_000 } = options;
  const ca = url.protocol === "https:" ? authorities(options) : undefined;
  const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
  return new Promise((resolve, reject) => {
    const outgoing = (url.protocol === "https:" ? https : http).request(url, {
      method,
      headers: { "user-agent": "plumbline", ...headers, ...length },
      agent,
      signal,
      ...(ca ? { ca } : {}),
    });
    const timer = setTimeout(() => {
      outgoing.destroy(new Error(`no whole answer within ${timeoutMs / 1000} s`));
    }, timeoutMs);
    const fail = (error: Error): void => {
      clearTimeout(timer);
      reject(noAnswer(url, error));
    };
    outgoing.on("error", fail);
    outgoing.on("response", (message) => {
      readBounded(message).then((text) => {
        clearTimeout(timer);
        resolve({ status: message.statusCode ?? 0, headers: message.headers, body: text });
      }, fail);
    });
    outgoing.end(body);
  });
}

async function readBounded(message: http.IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of message as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > mostBytes) {
      message.destroy();
      break;
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}

/** Says which server, and neither path nor query: those of a webhook can be its secret. */
function noAnswer(url: URL, error: Error): ProblemError {
  const why =
    error instanceof AggregateError ? error.errors.map((one) => (one as Error).message).join("; ") : error.message;
  return new ProblemError(
    {
      code: "no-answer",
      message: `${url.host} did not answer: ${why}`,
      remedy: "See that the address is right and can be reached from here, through $HTTPS_PROXY where one is needed.",
    },
    error,
  );
}
