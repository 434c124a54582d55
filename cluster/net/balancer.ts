import { connect, type Socket } from "node:net";
import type { Endpoint, Endpoints } from "./endpoints.ts";

/** A port of a service, by the port's name. */
export interface ServicePort {
  readonly namespace: string;
  readonly service: string;
  readonly portName: string;
}

/** A new connection to an endpoint. */
export interface Connection {
  readonly socket: Socket;
  readonly ip: string;
  /** To be called when the endpoint has answered, or the connection is over: it then surely has left the accept queue. */
  readonly settled: () => void;
}

/** Spreads new connections over the ready endpoints of a service, one after the other. */
export interface Balancer {
  /** Connects to the next endpoint, passing over those in `avoid` and those that refuse; undefined when none is left. */
  connect(target: ServicePort, avoid?: ReadonlySet<string>): Promise<Connection | undefined>;
  /** Sends nothing new to the address, and settles when what was under way to it has been answered. */
  withdraw(ip: string): Promise<void>;
}

/**
 * How long a withdrawal waits at the most. A request is safe once its server has answered a byte; a connection on which
 * nobody speaks must not hold up a pod's end.
 */
const longestWaitMs = 1000;

/** A balancer over these endpoints; `dial` says where a pod's port really is on this machine. */
export function createBalancer(
  endpoints: Endpoints,
  dial: (ip: string, port: number) => { readonly host: string; readonly port: number },
): Balancer {
  const turns = new Map<string, number>();
  const underWay = new Map<string, Set<UnderWay>>();

  function next(target: ServicePort, avoid: ReadonlySet<string>): Endpoint | undefined {
    const ready = endpoints.ready(target.namespace, target.service, target.portName);
    const eligible = ready.filter(({ ip }) => !avoid.has(ip));
    if (eligible.length === 0) return undefined;
    const key = `${target.namespace}/${target.service}/${target.portName}`;
    const turn = turns.get(key) ?? 0;
    turns.set(key, turn + 1);
    return eligible[turn % eligible.length];
  }

  /** Counts something under way to an address until the returned function is called. */
  function track(ip: string): () => void {
    const heard = new Set<() => void>();
    const entry: UnderWay = { heard };
    underWay.set(ip, (underWay.get(ip) ?? new Set()).add(entry));
    return () => {
      const all = underWay.get(ip);
      if (!all?.delete(entry)) return;
      if (all.size === 0) underWay.delete(ip);
      for (const tell of heard) tell();
    };
  }

  return {
    async connect(target, avoid = new Set()) {
      const refused = new Set(avoid);
      for (let endpoint = next(target, refused); endpoint; endpoint = next(target, refused)) {
        const settled = track(endpoint.ip);
        const socket = await connected(dial(endpoint.ip, endpoint.port));
        if (socket) return { socket, ip: endpoint.ip, settled };
        settled();
        refused.add(endpoint.ip);
      }
      return undefined;
    },
    async withdraw(ip) {
      endpoints.withdraw(ip);
      const pending = [...(underWay.get(ip) ?? [])];
      const all = Promise.all(pending.map(({ heard }) => new Promise<void>((resolve) => heard.add(resolve))));
      let timer: NodeJS.Timeout | undefined;
      const bound = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, longestWaitMs);
      });
      await Promise.race([all, bound]);
      clearTimeout(timer);
    },
  };
}

interface UnderWay {
  /** Who waits for it. */
  readonly heard: Set<() => void>;
}

function connected(address: { readonly host: string; readonly port: number }): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ ...address, noDelay: true, allowHalfOpen: true });
    const failed = () => {
      socket.destroy();
      resolve(undefined);
    };
    socket.once("error", failed);
    socket.once("connect", () => {
      socket.removeListener("error", failed);
      // Whoever takes the connection hears of its end by "close"; an error must never be nobody's.
      socket.on("error", () => undefined);
      resolve(socket);
    });
  });
}
