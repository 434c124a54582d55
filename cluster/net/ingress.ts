import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { ApiError, type Client, type ResourceName } from "../client.ts";
import type { Backends, Connection, ServiceObject, ServicePort } from "./backends.ts";
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

/** Serves all ingresses at 127.0.0.1:`wanted` (0 chooses a free port). Rejects when the port is in use. */
export async function serveIngress(client: Client, backends: Backends, wanted: number): Promise<IngressServer> {
  const upgraded = new Set<Duplex>();
  const server = createServer({ noDelay: true }, (incoming, outgoing) => {
    // A request that cannot be passed on as it is, such as one with raw bytes in its path.
    forward(incoming, outgoing, client, backends).catch((error: unknown) => {
      answer(outgoing, 400, `the request cannot be passed on: ${(error as Error).message}`);
    });
  });
  // A client that keeps its connection must not meet its end just as it sends: stay longer than clients do.
  server.keepAliveTimeout = 75_000;
  server.requestTimeout = 0;
  server.on("upgrade", (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgraded.add(socket);
    socket.once("close", () => upgraded.delete(socket));
    void upgrade(incoming, socket, head, client, backends);
  });
  try {
    server.listen(wanted, "127.0.0.1");
    await once(server, "listening");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const remedy = code === "EADDRINUSE" ? "; stop what listens there or choose another port" : "";
    throw new Error(`the ingress cannot listen on 127.0.0.1:${wanted}: ${message}${remedy}`, { cause: error });
  }
  const { port } = server.address() as AddressInfo;
  const stopWatching = client.watch<IngressObject>(resource, ({ type, object }) => {
    if (type !== "DELETED") void tellAddress(client, object, port);
  });
  return {
    port,
    async stop() {
      stopWatching();
      for (const socket of upgraded) socket.destroy();
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function tellAddress(client: Client, { metadata, status }: IngressObject, port: number): Promise<void> {
  const [told] = status?.loadBalancer?.ingress ?? [];
  if (told?.ip === "127.0.0.1" && told.ports?.[0]?.port === port) return;
  const patch = { status: { loadBalancer: { ingress: [{ ip: "127.0.0.1", ports: [{ port, protocol: "TCP" }] }] } } };
  try {
    await client.mergePatch(resource, metadata.namespace ?? "", metadata.name ?? "", patch, "status");
  } catch (error) {
    // Deleted or changed meanwhile; a change brings its own event.
    if (!(error instanceof ApiError)) throw error;
  }
}

/** The service port that a request is for, or the status and words to answer instead. */
function targetOf(
  { url = "/", headers }: IncomingMessage,
  client: Client,
): ServicePort | { readonly code: number; readonly why: string } {
  const ingresses = client
    .list<IngressObject>(resource)
    .toSorted((a, b) => ((a.metadata.creationTimestamp ?? "") < (b.metadata.creationTimestamp ?? "") ? -1 : 1));
  const route = routeFor(ingresses, headers.host ?? "", url.replace(/[?#].*$/, ""));
  if (!route) return { code: 404, why: "no ingress rule fits this host and path" };
  const { namespace } = route;
  const wanted = route.backend.service;
  if (!wanted) return { code: 503, why: "the ingress names no service" };
  const service = client.get<ServiceObject>({ group: "", resource: "services" }, namespace, wanted.name);
  const port = service?.spec?.ports?.find(({ name, port: number }) =>
    wanted.port?.name === undefined ? number === wanted.port?.number : name === wanted.port.name,
  );
  if (!port) return { code: 503, why: `service ${namespace}/${wanted.name} has no such port` };
  return { namespace, service: wanted.name, portName: port.name ?? "" };
}

async function forward(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  client: Client,
  backends: Backends,
): Promise<void> {
  const target = targetOf(incoming, client);
  if ("code" in target) {
    answer(outgoing, target.code, target.why);
    return;
  }
  const { method = "", headers } = incoming;
  const hasBody = headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
  const tried = new Set<string>();
  for (let left = repeatable.has(method) && !hasBody ? mostAttempts : 1; left > 0; left -= 1) {
    const another = await backends.connect(target, tried);
    const connection = another ?? (tried.size > 0 ? await backends.connect(target) : undefined);
    if (!connection) {
      answer(outgoing, 503, `service ${target.namespace}/${target.service} has no ready endpoints`);
      return;
    }
    tried.add(connection.ip);
    if (await exchange(incoming, outgoing, connection)) return;
  }
  answer(outgoing, 502, "the endpoint closed the connection before it answered");
}

/**
 * One request over one fresh connection, so that none is lost on a kept one that its server just closes. Answers false
 * when the connection died before the first byte of an answer.
 */
function exchange(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { socket, settled }: Connection,
): Promise<boolean> {
  const upstream = request({
    method: incoming.method ?? "GET",
    path: incoming.url ?? "/",
    headers: forwardedHeaders(incoming),
    setHost: false,
    createConnection: () => socket,
  });
  socket.once("close", settled);
  const abandon = () => upstream.destroy();
  outgoing.once("close", abandon);
  if (outgoing.destroyed) abandon();
  incoming.pipe(upstream);
  return new Promise((resolve) => {
    upstream.once("response", (response) => {
      settled();
      resolve(true);
      try {
        outgoing.writeHead(response.statusCode ?? 502, without(response.headers, hopByHop));
      } catch (error) {
        abandon();
        answer(outgoing, 502, `the endpoint's answer cannot be passed on: ${(error as Error).message}`);
        return;
      }
      response.pipe(outgoing);
      // An answer that breaks off must not look complete to the client.
      response.on("error", () => outgoing.destroy());
    });
    upstream.on("error", () => {
      outgoing.off("close", abandon);
      resolve(outgoing.headersSent || outgoing.destroyed);
    });
  });
}

function forwardedHeaders({ headers, socket }: IncomingMessage): IncomingHttpHeaders {
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
  backends: Backends,
): Promise<void> {
  client.on("error", () => undefined);
  const target = targetOf(incoming, api);
  const connection = "code" in target ? undefined : await backends.connect(target);
  if (!connection) {
    client.end(`HTTP/1.1 ${"code" in target ? target.code : 503} Unavailable\r\nconnection: close\r\n\r\n`);
    return;
  }
  const { socket, settled } = connection;
  const lines = incoming.rawHeaders.flatMap((text, at, all) => (at % 2 === 0 ? [`${text}: ${all[at + 1]}\r\n`] : []));
  socket.once("data", settled);
  socket.once("close", () => {
    settled();
    client.destroy();
  });
  client.once("close", () => socket.destroy());
  socket.write(`${incoming.method} ${incoming.url} HTTP/1.1\r\n${lines.join("")}\r\n`);
  socket.write(head);
  client.pipe(socket);
  socket.pipe(client);
}
