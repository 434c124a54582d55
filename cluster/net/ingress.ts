import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { ApiError, type Client, type ResourceName } from "../client.ts";
import type { Balancer, Connection, ServicePort } from "./balancer.ts";
import type { ServiceObject } from "./endpoints.ts";
import { type IngressObject, routeFor } from "./ingress-rules.ts";

const resource: ResourceName = { group: "networking.k8s.io", resource: "ingresses" };

/** The ingress: every Ingress of the cluster on one local port. */
export interface IngressServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** Attempts at the most for a request that may be repeated. */
const mostAttempts = 3;
const repeatable = new Set(["GET", "HEAD", "OPTIONS"]);
/** Headers that end at the next hop. */
const hopByHop = ["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"];

/** Serves all ingresses at 127.0.0.1:`port` (0 chooses a free one). Rejects when the port is in use. */
export async function serveIngress(client: Client, balancer: Balancer, port: number): Promise<IngressServer> {
  const server = createServer({ noDelay: true }, (incoming, outgoing) => {
    // A request that cannot be passed on as it is, such as one with raw bytes in its path.
    forward(incoming, outgoing, client, balancer).catch((error: unknown) => {
      answer(outgoing, 400, `the request cannot be passed on: ${(error as Error).message}`);
    });
  });
  // A client that keeps its connection must not meet its end just as it sends: stay longer than clients do.
  server.keepAliveTimeout = 75_000;
  server.requestTimeout = 0;
  const upgraded = new Set<Duplex>();
  server.on("upgrade", (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgraded.add(socket);
    socket.once("close", () => upgraded.delete(socket));
    void upgrade(incoming, socket, head, client, balancer);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const remedy = error.code === "EADDRINUSE" ? "; stop what listens there or choose another port" : "";
      reject(new Error(`the ingress cannot listen on 127.0.0.1:${port}: ${error.message}${remedy}`, { cause: error }));
    });
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address();
  const bound = typeof address === "object" && address !== null ? address.port : port;
  const stopWatching = client.watch<IngressObject>(resource, ({ type, object }) => {
    if (type !== "DELETED") void tellAddress(client, object, bound);
  });
  return {
    port: bound,
    stop() {
      stopWatching();
      for (const socket of upgraded) socket.destroy();
      return new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      });
    },
  };
}

async function tellAddress(client: Client, { metadata, status }: IngressObject, port: number): Promise<void> {
  const [told] = status?.loadBalancer?.ingress ?? [];
  if (told?.ip === "127.0.0.1" && told.ports?.[0]?.port === port) return;
  const ingress = [{ ip: "127.0.0.1", ports: [{ port, protocol: "TCP" }] }];
  const patch = { status: { loadBalancer: { ingress } } };
  try {
    await client.mergePatch(resource, metadata.namespace ?? "", metadata.name ?? "", patch, "status");
  } catch (error) {
    // Deleted or changed meanwhile; a change brings its own event.
    if (!(error instanceof ApiError)) throw error;
  }
}

/** The service port that a request is for, or the status and words to answer instead. */
function targetOf(
  incoming: IncomingMessage,
  client: Client,
): ServicePort | { readonly code: number; readonly why: string } {
  const path = (incoming.url ?? "/").replace(/[?#].*$/, "");
  const ingresses = client
    .list<IngressObject>(resource)
    .toSorted((a, b) => ((a.metadata.creationTimestamp ?? "") < (b.metadata.creationTimestamp ?? "") ? -1 : 1));
  const route = routeFor(ingresses, incoming.headers.host ?? "", path);
  if (!route) return { code: 404, why: "no ingress rule fits this host and path" };
  const wanted = route.backend.service;
  if (!wanted) return { code: 503, why: "the ingress names no service" };
  const service = client.get<ServiceObject>({ group: "", resource: "services" }, route.namespace, wanted.name);
  const port = service?.spec?.ports?.find(({ name, port }) =>
    wanted.port?.name === undefined ? port === wanted.port?.number : name === wanted.port.name,
  );
  if (!port) return { code: 503, why: `service ${route.namespace}/${wanted.name} has no such port` };
  return { namespace: route.namespace, service: wanted.name, portName: port.name ?? "" };
}

async function forward(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  client: Client,
  balancer: Balancer,
): Promise<void> {
  const target = targetOf(incoming, client);
  if ("code" in target) {
    answer(outgoing, target.code, target.why);
    return;
  }
  const hasBody =
    incoming.headers["transfer-encoding"] !== undefined || Number(incoming.headers["content-length"] ?? 0) > 0;
  const attempts = repeatable.has(incoming.method ?? "") && !hasBody ? mostAttempts : 1;
  const tried = new Set<string>();
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const connection =
      (await balancer.connect(target, tried)) ?? (tried.size > 0 ? await balancer.connect(target) : undefined);
    if (!connection) {
      answer(outgoing, 503, `service ${target.namespace}/${target.service} has no ready endpoints`);
      return;
    }
    tried.add(connection.ip);
    if (outgoing.destroyed) {
      connection.socket.destroy();
      connection.settled();
      return;
    }
    if (await exchange(incoming, outgoing, connection)) return;
  }
  answer(outgoing, 502, "the endpoint closed the connection before it answered");
}

/**
 * One request over one fresh connection, so that none is lost on a kept one that its server just closes. Answers false
 * when the connection died before the first byte of an answer.
 */
function exchange(incoming: IncomingMessage, outgoing: ServerResponse, connection: Connection): Promise<boolean> {
  const { socket, settled } = connection;
  return new Promise((resolve) => {
    const upstream = request({
      method: incoming.method ?? "GET",
      path: incoming.url ?? "/",
      headers: forwardedHeaders(incoming),
      setHost: false,
      createConnection: () => socket,
    });
    upstream.once("response", (response) => {
      settled();
      resolve(true);
      try {
        outgoing.writeHead(response.statusCode ?? 502, without(response.headers, hopByHop));
      } catch (error) {
        upstream.destroy();
        answer(outgoing, 502, `the endpoint's answer cannot be passed on: ${(error as Error).message}`);
        return;
      }
      response.pipe(outgoing);
      // An answer that breaks off must not look complete to the client.
      response.on("error", () => outgoing.destroy());
      outgoing.once("close", () => upstream.destroy());
    });
    upstream.on("error", () => {
      settled();
      resolve(outgoing.headersSent || outgoing.destroyed);
    });
    outgoing.once("close", () => {
      if (!outgoing.writableFinished) upstream.destroy();
    });
    incoming.pipe(upstream);
  });
}

function forwardedHeaders(incoming: IncomingMessage): IncomingHttpHeaders {
  const { headers, socket } = incoming;
  const before = headers["x-forwarded-for"];
  const from = socket.remoteAddress ?? "127.0.0.1";
  return {
    ...without(headers, hopByHop),
    ...(headers["transfer-encoding"] === undefined ? {} : { "transfer-encoding": "chunked" }),
    connection: "close",
    "x-forwarded-for": before === undefined ? from : `${String(before)}, ${from}`,
    "x-forwarded-host": headers.host ?? "",
    "x-forwarded-proto": "http",
  };
}

function without(headers: IncomingHttpHeaders, names: readonly string[]): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)));
}

function answer(outgoing: ServerResponse, code: number, why: string): void {
  if (outgoing.headersSent || outgoing.destroyed) return;
  outgoing.writeHead(code, { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" });
  outgoing.end(`${why}\n`);
}

/** A connection that changes its protocol (WebSocket) is passed through byte for byte. */
async function upgrade(
  incoming: IncomingMessage,
  client: Duplex,
  head: Buffer,
  api: Client,
  balancer: Balancer,
): Promise<void> {
  client.on("error", () => undefined);
  const target = targetOf(incoming, api);
  const connection = "code" in target ? undefined : await balancer.connect(target);
  if (!connection) {
    client.end(`HTTP/1.1 ${"code" in target ? target.code : 503} Unavailable\r\nconnection: close\r\n\r\n`);
    return;
  }
  const { socket, settled } = connection;
  const lines = incoming.rawHeaders.flatMap((text, at, all) => (at % 2 === 0 ? [`${text}: ${all[at + 1]}`] : []));
  socket.once("data", settled);
  socket.on("error", () => client.destroy());
  socket.once("close", () => {
    settled();
    client.destroy();
  });
  client.once("close", () => socket.destroy());
  socket.write(`${incoming.method} ${incoming.url} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
  if (head.length > 0) socket.write(head);
  client.pipe(socket);
  socket.pipe(client);
}
