import { createServer, type Server, type Socket } from "node:net";
import type { Client, KubeObject } from "../client.ts";
import type { Balancer, ServicePort } from "./balancer.ts";
import type { ServiceObject } from "./endpoints.ts";

/** The addresses of services. */
export interface ClusterIps {
  /** Where a service's port really is on this machine. */
  address(ip: string, port: number): { readonly host: string; readonly port: number };
  stop(): Promise<void>;
}

interface Proxy {
  readonly server: Server;
  readonly connections: Set<Socket>;
}

/**
 * Serves each service's ClusterIP: a listener a port, each connection passed on to a ready endpoint. Where the address or
 * the port may not be used on this machine (ports below 1024 without privileges, macOS), another one stands for it.
 */
export function serveClusterIps(
  client: Client,
  balancer: Balancer,
  onProblem: (message: string, about: KubeObject) => void,
): ClusterIps {
  const proxies = new Map<string, Proxy>();
  const stands = new Map<string, { readonly host: string; readonly port: number }>();

  const stopWatching = client.watch<ServiceObject>({ group: "", resource: "services" }, ({ type, object }) => {
    const { namespace = "", name: service = "", uid = "" } = object.metadata;
    const wanted = new Map<string, () => void>();
    const ip = object.spec?.clusterIP;
    const proxied = type !== "DELETED" && ip && ip !== "None" && object.spec?.selector !== undefined;
    for (const { name: portName = "", port, nodePort, protocol = "TCP" } of proxied ? (object.spec?.ports ?? []) : []) {
      if (protocol !== "TCP") continue;
      if (nodePort !== undefined) {
        const key = `${uid} 127.0.0.1:${nodePort} ${portName}`;
        wanted.set(key, () => {
          open(key, { ip: "127.0.0.1", port: nodePort }, { namespace, service, portName }, object);
        });
      }
      const key = `${uid} ${ip}:${port} ${portName}`;
      wanted.set(key, () => {
        open(key, { ip: ip ?? "", port }, { namespace, service, portName }, object);
      });
    }
    for (const key of proxies.keys()) if (key.startsWith(`${uid} `) && !wanted.has(key)) close(key);
    for (const [key, begin] of wanted) if (!proxies.has(key)) begin();
  });

  function open(
    key: string,
    at: { readonly ip: string; readonly port: number },
    target: ServicePort,
    about: KubeObject,
  ): void {
    const connections = new Set<Socket>();
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      connections.add(socket);
      socket.once("close", () => connections.delete(socket));
      void pass(socket, target, balancer);
    });
    proxies.set(key, { server, connections });
    listenAt(server, at, (bound) => {
      if (typeof bound === "string") onProblem(bound, about);
      else if (bound.host !== at.ip || bound.port !== at.port) stands.set(`${at.ip}:${at.port}`, bound);
    });
  }

  function close(key: string): void {
    // Running connections drain by themselves.
    proxies.get(key)?.server.close();
    proxies.delete(key);
    const at = key.split(" ")[1];
    if (at !== undefined) stands.delete(at);
  }

  return {
    address: (host, port) => stands.get(`${host}:${port}`) ?? { host, port },
    async stop() {
      stopWatching();
      const all = [...proxies.values()];
      proxies.clear();
      await Promise.all(
        all.map(({ server, connections }) => {
          for (const socket of connections) socket.destroy();
          return new Promise((resolve) => (server.listening ? server.close(resolve) : resolve(undefined)));
        }),
      );
    },
  };
}

/** Listens at the address, or where something can stand for it; answers where, or why not. */
function listenAt(
  server: Server,
  at: { readonly ip: string; readonly port: number },
  then: (bound: { readonly host: string; readonly port: number } | string) => void,
): void {
  const wanted = { host: at.ip, port: at.port };
  // A node port is asked for by its number: nothing else can stand for it.
  const candidates =
    at.ip === "127.0.0.1" ? [wanted] : [wanted, { ...wanted, port: 0 }, { host: "127.0.0.1", port: 0 }];
  const attempt = () => {
    const next = candidates.shift();
    if (next) server.listen(next);
  };
  server.on("listening", () => {
    const bound = server.address();
    if (typeof bound === "object" && bound !== null) then({ host: bound.address, port: bound.port });
  });
  server.on("error", (error: NodeJS.ErrnoException) => {
    const another = ["EACCES", "EADDRNOTAVAIL", "EADDRINUSE"].includes(error.code ?? "") && candidates.length > 0;
    if (another) attempt();
    else then(`${at.ip}:${at.port} cannot be served on this machine: ${error.message}`);
  });
  attempt();
}

/** Passes a connection on; without a ready endpoint it is reset, as a service without endpoints rejects. */
async function pass(client: Socket, target: ServicePort, balancer: Balancer): Promise<void> {
  client.on("error", () => undefined);
  const connection = await balancer.connect(target);
  if (!connection) {
    client.resetAndDestroy();
    return;
  }
  const { socket, settled } = connection;
  socket.once("data", settled);
  socket.once("close", () => {
    settled();
    client.destroy();
  });
  // A broken side breaks the other, so that neither waits for ever; an ordinary end passes through half by half.
  socket.on("error", () => client.resetAndDestroy());
  client.once("close", () => socket.destroy());
  if (client.destroyed) socket.destroy();
  client.pipe(socket);
  socket.pipe(client);
}
