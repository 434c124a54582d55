import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { Client, KubeObject } from "../client.ts";
import type { Address, Backends, ServiceObject, ServicePort } from "./backends.ts";

/** The addresses of services. */
export interface ClusterIps {
  /** Where a service's port really is on this machine. */
  address(ip: string, port: number): Address;
  stop(): Promise<void>;
}

interface Proxy {
  readonly server: Server;
  readonly connections: Set<Socket>;
  readonly at: Address;
  /** Where it really listens. */
  bound?: Address;
}

/**
 * Serves each service's ClusterIP and node ports: a listener a port, each connection passed on to a ready endpoint. Where
 * the address or the port may not be used here (below 1024 without privileges, macOS), another one stands for it.
 */
export function serveClusterIps(
  client: Client,
  backends: Backends,
  onProblem: (message: string, about: KubeObject) => void,
): ClusterIps {
  const proxies = new Map<string, Proxy>();

  const stopWatching = client.watch<ServiceObject>({ group: "", resource: "services" }, ({ type, object }) => {
    const wanted = type === "DELETED" ? new Map<string, Wanted>() : wantedBy(object);
    for (const [key, { server }] of proxies) {
      if (!key.startsWith(keyOf(object)) || wanted.has(key)) continue;
      // Running connections drain by themselves.
      server.close();
      proxies.delete(key);
    }
    for (const [key, { at, target }] of wanted) if (!proxies.has(key)) void open(key, at, target, object);
  });

  async function open(key: string, at: Address, target: ServicePort, about: KubeObject): Promise<void> {
    const connections = new Set<Socket>();
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      connections.add(socket);
      socket.once("close", () => connections.delete(socket));
      void pass(socket, target, backends);
    });
    const proxy: Proxy = { server, connections, at };
    proxies.set(key, proxy);
    // A node port is asked for by its number: nothing else can stand for it.
    const standIns = at.host === "127.0.0.1" ? [] : [at.host, "127.0.0.1"].map((host) => ({ host, port: 0 }));
    let why: unknown;
    for (const place of [at, ...standIns]) {
      if (proxies.get(key) !== proxy) return;
      try {
        server.listen(place);
        await once(server, "listening");
        const { address, port } = server.address() as AddressInfo;
        proxy.bound = { host: address, port };
        return;
      } catch (error) {
        why = error;
      }
    }
    onProblem(`${at.host}:${at.port} cannot be served on this machine: ${(why as Error).message}`, about);
  }

  return {
    address: (host, port) =>
      [...proxies.values()].find(({ at }) => at.host === host && at.port === port)?.bound ?? { host, port },
    async stop() {
      stopWatching();
      const all = [...proxies.values()];
      proxies.clear();
      for (const { connections } of all) for (const socket of connections) socket.destroy();
      const listening = all.filter(({ server }) => server.listening);
      await Promise.all(listening.map(({ server }) => new Promise((resolve) => server.close(resolve))));
    },
  };
}

/** A listener that a service asks for. */
interface Wanted {
  readonly at: Address;
  readonly target: ServicePort;
}

/** What the keys of a service's listeners begin with. */
function keyOf({ metadata: { uid = "" } }: ServiceObject): string {
  return `${uid} `;
}

/** The listeners of a service by their keys: its address and its node ports, for TCP. */
function wantedBy(object: ServiceObject): ReadonlyMap<string, Wanted> {
  const { namespace = "", name: service = "" } = object.metadata;
  const { clusterIP: host, ports = [] } = object.spec ?? {};
  const wanted = new Map<string, Wanted>();
  if (!host || host === "None") return wanted;
  for (const { name: portName = "", port, nodePort, protocol = "TCP" } of ports) {
    if (protocol !== "TCP") continue;
    const places = [{ host, port }, ...(nodePort ? [{ host: "127.0.0.1", port: nodePort }] : [])];
    for (const at of places) {
      wanted.set(`${keyOf(object)}${at.host}:${at.port} ${portName}`, { at, target: { namespace, service, portName } });
    }
  }
  return wanted;
}

/** Passes a connection on; without a ready endpoint it is reset, as a service without endpoints rejects. */
async function pass(client: Socket, target: ServicePort, backends: Backends): Promise<void> {
  client.on("error", () => undefined);
  const connection = await backends.connect(target);
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
