import { once } from "node:events";
import { Agent, createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { createProxyServer } from "httpxy";
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
const proxy = createProxyServer({ xfwd: true });
proxy.on("proxyRes", ({ headers }) => {
  // Whether the client's connection is kept is between it and the ingress.
  delete headers.connection;
  delete headers["keep-alive"];
});

/** Serves all ingresses at 127.0.0.1:`wanted` (0 chooses a free port). Rejects when the port is in use. */
export async function serveIngress(client: Client, backends: Backends, wanted: number): Promise<IngressServer> {
  const upgraded = new Set<Socket>();
  const server = createServer({ noDelay: true }, (incoming, outgoing) => {
    // A request that cannot be passed on as it is, such as one with raw bytes in its path.
    forward(incoming, outgoing, client, backends).catch((error: unknown) => {
      answer(outgoing, 400, `the request cannot be passed on: ${(error as Error).message}`);
    });
  });
  // A client that keeps its connection must not meet its end just as it sends: stay longer than clients do.
  server.keepAliveTimeout = 75_000;
  server.requestTimeout = 0;
  server.on("upgrade", (incoming: IncomingMessage, socket: Socket, head: Buffer) => {
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
    const failure = await proxy.web(incoming, outgoing, over(connection)).catch((error: unknown) => error as Error);
    connection.socket.destroySoon();
    if (!failure || outgoing.headersSent || outgoing.destroyed) return;
    // Not a connection that died, but a request that cannot be passed on as it is.
    if ("code" in failure && String(failure.code).startsWith("ERR_")) throw failure;
  }
  answer(outgoing, 502, "the endpoint closed the connection before it answered");
}

/** One request over one fresh connection, so that none is lost on a kept one that its server just closes. */
function over({ socket, settled }: Connection): { readonly target: string; readonly agent: Agent } {
  socket.once("data", settled).once("close", settled);
  return { target: "http://pod", agent: Object.assign(new Agent(), { createConnection: () => socket }) };
}

function answer(outgoing: ServerResponse, code: number, why: string): void {
  if (outgoing.headersSent || outgoing.destroyed) return;
  outgoing.writeHead(code, { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" });
  outgoing.end(`${why}\n`);
}

/** A connection that becomes a WebSocket. */
async function upgrade(
  incoming: IncomingMessage,
  socket: Socket,
  head: Buffer,
  client: Client,
  backends: Backends,
): Promise<void> {
  socket.on("error", () => undefined);
  const target = targetOf(incoming, client);
  const connection = "code" in target ? undefined : await backends.connect(target);
  if (connection) await proxy.ws(incoming, socket, over(connection), head).catch(() => socket.destroy());
  else socket.end(`HTTP/1.1 ${"code" in target ? target.code : 503} Unavailable\r\nconnection: close\r\n\r\n`);
}
