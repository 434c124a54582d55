import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { Agent, createServer, request as send } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import type { TLSSocket } from "node:tls";
import { load } from "js-yaml";
import { newIdentity, userOf, writeKubeconfig } from "../api/https/identity.ts";
import { type Clock, systemClock } from "../clock.ts";
import type { Fault, Faults } from "./fault.ts";

/** In front of which API server to stand, and what goes wrong there. */
export interface FaultyServerOptions {
  /** Of the API server behind: any that a certificate authority and a token in a kubeconfig lead to. */
  readonly behind: string;
  /** Where to write the kubeconfig by which clients come here. */
  readonly kubeconfigPath: string;
  readonly faults: Faults;
  readonly clock?: Clock;
}

/**
 * An HTTPS server in front of an API server, on which things go wrong as they do on a network and with a busy server. It
 * is for clients of every kind (kubectl, controllers, the engine with its own transport), and neither side knows of it.
 * What tests only the engine's stages, on a clock and without sockets, takes `src/io/kube/faulty-kube.ts` instead.
 */
export interface FaultyServer {
  readonly kubeconfigPath: string;
  /** Goes out of reach: every connection ends, and new ones are refused. */
  stop(): Promise<void>;
  /** Comes back at the same port, with the same state or, where another kubeconfig is given, with that server's. */
  start(behind?: string): Promise<void>;
}

/** Starts one; rejects when the kubeconfig cannot be read. */
export async function startFaultyServer(options: FaultyServerOptions): Promise<FaultyServer> {
  const { faults, kubeconfigPath, clock = systemClock } = options;
  const identity = await newIdentity(clock.now());
  let upstream = await readUpstream(options.behind);
  const { certificate: cert, key } = identity.server;
  const server = createServer({ cert, key, ca: identity.caCertificate, requestCert: true, rejectUnauthorized: false });
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    const { authorization, ...rest } = request.headers;
    // Nobody gets further by coming through here: a stranger's request goes on as a stranger's.
    const isKnown = userOf(identity, request.socket as TLSSocket, authorization) !== undefined;
    const headers = {
      ...rest,
      host: upstream.url.host,
      ...(isKnown ? { authorization: `Bearer ${upstream.token}` } : {}),
    };
    const onward: Onward = { request, response, ask: () => ask(upstream, request, headers), clock };
    // Whichever side broke off, the other sees that its connection did.
    pass(onward, faults).catch(() => response.destroy());
  });
  const listen = (port: number): Promise<unknown> => once(server.listen(port, "127.0.0.1"), "listening");
  await listen(0);
  const { port } = server.address() as AddressInfo;
  await writeKubeconfig(identity, `https://127.0.0.1:${port}`, kubeconfigPath);
  return {
    kubeconfigPath,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
        upstream.agent.destroy();
      }),
    async start(behind) {
      if (behind !== undefined) upstream = await readUpstream(behind);
      await listen(port);
    },
  };
}

interface Upstream {
  readonly url: URL;
  readonly token: string;
  readonly agent: Agent;
}

async function readUpstream(path: string): Promise<Upstream> {
  const { clusters, users } = load(await readFile(path, "utf8")) as {
    readonly clusters: readonly { readonly cluster: Readonly<Record<string, string>> }[];
    readonly users: readonly { readonly user: Readonly<Record<string, string>> }[];
  };
  const [{ cluster } = { cluster: {} }] = clusters;
  const { server = "", "certificate-authority-data": ca = "" } = cluster;
  const agent = new Agent({ keepAlive: true, ca: Buffer.from(ca, "base64") });
  return { url: new URL(server), token: users[0]?.user["token"] ?? "", agent };
}

interface Onward {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly ask: () => Promise<IncomingMessage>;
  readonly clock: Clock;
}

function ask(
  { url, agent }: Upstream,
  request: IncomingMessage,
  headers: IncomingHttpHeaders,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { method, url: path } = request;
    pipeline(request, send(url, { agent, method, headers, path }).once("response", resolve)).catch(reject);
  });
}

/** One request and its answer, with what goes wrong. */
async function pass({ request, response, ask, clock }: Onward, faults: Faults): Promise<void> {
  const { method = "GET", url: path = "/" } = request;
  const isWatch = /[?&]watch=(true|1)\b/.test(path);
  const fault = faults({ method, path, isWatch });
  if (fault?.is === "latency") await wait(clock, fault.ms);
  if (fault?.is === "throttled") {
    refuse(response, 429, { "retry-after": String(fault.retryAfter) });
    return;
  }
  const effect = !fault || !("effect" in fault) || fault.effect;
  const answer = effect ? await ask() : undefined;
  // The effect has been when the whole answer is here; a watch has none, and its answer never is.
  if (answer && fault && "effect" in fault) await (isWatch ? answer.destroy() : text(answer));
  if (fault?.is === "error") refuse(response, fault.code);
  else if (!answer || fault?.is === "broken") response.destroy();
  else {
    const ownHop = new Set(["connection", "transfer-encoding", "keep-alive"]);
    const headers = Object.entries(answer.headers).filter(([name]) => !ownHop.has(name));
    response.writeHead(answer.statusCode ?? 500, Object.fromEntries(headers)).flushHeaders();
    if (isWatch) await pipeline(events(answer, fault, clock), response);
    else await pipeline(answer, response);
  }
}

/** The events of a watch, with the watch's faults. */
async function* events(answer: IncomingMessage, fault: Fault | undefined, clock: Clock): AsyncGenerator<string> {
  let told = 0;
  let rest = "";
  const end = fault && "after" in fault ? fault : undefined;
  const isDue = (): boolean => end !== undefined && told >= end.after;
  if (!isDue()) {
    reading: for await (const piece of answer.setEncoding("utf8") as AsyncIterable<string>) {
      const lines = (rest + piece).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (fault?.is === "late") await wait(clock, fault.ms);
        yield `${line}\n`;
        told += 1;
        if (isDue()) break reading;
      }
    }
  }
  answer.destroy();
  if (!isDue()) return;
  if (end?.is === "dropped") throw new Error("the connection of the watch broke");
  yield `${JSON.stringify({ type: "ERROR", object: status(410) })}\n`;
}

const reasons = {
  410: "Expired",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
} as const;

function refuse(response: ServerResponse, code: keyof typeof reasons, headers: Record<string, string> = {}): void {
  response.writeHead(code, { "content-type": "application/json", ...headers }).end(JSON.stringify(status(code)));
}

function status(code: keyof typeof reasons): object {
  const message = "this fault was injected";
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason: reasons[code], code };
}

function wait(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.at(clock.now() + ms, resolve));
}
