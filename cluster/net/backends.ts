import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as after } from "node:timers/promises";
import type { Service } from "kubernetes-types/core/v1.js";
import type { EndpointSlice } from "kubernetes-types/discovery/v1.js";
import type { Client, KubeObject } from "../client.ts";

/** Where something can be reached. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** A service as this room reads it. */
export type ServiceObject = KubeObject & Pick<Service, "spec">;

/** A port of a service, by the port's name ("" when it has none). */
export interface ServicePort {
  readonly namespace: string;
  readonly service: string;
  readonly portName: string;
}

/** A new connection to a pod. */
export interface Connection {
  readonly socket: Socket;
  readonly ip: string;
  /** To be called when the pod has answered, or the connection is over: it then surely has left the accept queue. */
  readonly settled: () => void;
}

/** Who answers for a service, as the watches say, and connections to them in turn. */
export interface Backends {
  /** The ready endpoints of a service's port, in a fixed order. */
  ready(target: ServicePort): readonly { readonly ip: string; readonly port: number }[];
  /** Connects to the next one, passing over those in `avoid` and those that refuse; undefined when none is left. */
  connect(target: ServicePort, avoid?: Iterable<string>): Promise<Connection | undefined>;
  /** Sends nothing new to the address until its pod is gone; settles when what was under way to it has been answered. */
  withdraw(ip: string): Promise<void>;
  stop(): void;
}

/**
 * How long a withdrawal waits at the most. A request is safe once its server has answered a byte; a connection on which
 * nobody speaks must not hold up a pod's end.
 */
const longestWaitMs = 1000;

/** Watches EndpointSlices, and pods, so that one that is being deleted gets nothing at once; `dial` says where a pod's port is. */
export function watchBackends(client: Client, dial: (ip: string, port: number) => Address): Backends {
  const slices = watchSlices(client);
  const pods = watchPods(client);
  const turns = new Map<string, number>();
  const underWay = new Map<Promise<void>, string>();

  function ready({ namespace, service, portName }: ServicePort): ReturnType<Backends["ready"]> {
    const found = new Map<string, number>();
    for (const { endpoints, ports = [] } of slices.known.get(`${namespace}/${service}`)?.values() ?? []) {
      const port = ports.find(({ name }) => (name ?? "") === portName)?.port;
      for (const { addresses, conditions } of port === undefined ? [] : endpoints) {
        const [ip = ""] = addresses;
        const goes = conditions?.terminating === true || pods.known.get(ip)?.leaving === true;
        if (conditions?.ready !== false && !goes) found.set(ip, port ?? 0);
      }
    }
    return [...found].map(([ip, port]) => ({ ip, port })).toSorted((a, b) => (a.ip < b.ip ? -1 : 1));
  }

  return {
    ready,
    async connect(target, avoid = []) {
      const passedOver = new Set(avoid);
      const key = `${target.namespace}/${target.service}/${target.portName}`;
      for (;;) {
        const eligible = ready(target).filter(({ ip }) => !passedOver.has(ip));
        const turn = turns.get(key) ?? 0;
        turns.set(key, turn + 1);
        const next = eligible[turn % eligible.length];
        if (!next) return undefined;
        let settled: () => void = () => undefined;
        const answered = new Promise<void>((resolve) => {
          settled = resolve;
        });
        underWay.set(answered, next.ip);
        void answered.then(() => underWay.delete(answered));
        const socket = await connected(dial(next.ip, next.port));
        if (socket) return { socket, ip: next.ip, settled };
        settled();
        passedOver.add(next.ip);
      }
    },
    async withdraw(ip) {
      pods.leave(ip);
      const pending = [...underWay].flatMap(([answered, at]) => (at === ip ? [answered] : []));
      if (pending.length > 0)
        await Promise.race([Promise.all(pending), after(longestWaitMs, undefined, { ref: false })]);
    },
    stop() {
      slices.stop();
      pods.stop();
    },
  };
}

type Slice = KubeObject & EndpointSlice;

/** The slices of each service, as `namespace/name`, by their own names. */
function watchSlices(client: Client) {
  const known = new Map<string, Map<string, Slice>>();
  const resource = { group: "discovery.k8s.io", resource: "endpointslices" };
  const stop = client.watch<Slice>(resource, ({ type, object }) => {
    const { namespace, name = "", labels } = object.metadata;
    const key = `${namespace}/${labels?.["kubernetes.io/service-name"]}`;
    const ofService = known.get(key) ?? new Map<string, Slice>();
    known.set(key, ofService);
    if (type === "DELETED") ofService.delete(name);
    else ofService.set(name, object);
    if (ofService.size === 0) known.delete(key);
  });
  return { known, stop };
}

type PodWithIp = KubeObject & { readonly status?: { readonly podIP?: string } };

/** By address, the pod that told of it last, and whether it is on its way out. */
function watchPods(client: Client) {
  const known = new Map<string, { readonly uid: string; readonly leaving: boolean }>();
  const stop = client.watch<PodWithIp>({ group: "", resource: "pods" }, ({ type, object: { metadata, status } }) => {
    const [ip, uid] = [status?.podIP, metadata.uid ?? ""];
    if (ip === undefined) return;
    const before = known.get(ip);
    if (type !== "DELETED") {
      const leaving = metadata.deletionTimestamp !== undefined || (before?.uid === uid && before.leaving);
      known.set(ip, { uid, leaving });
    } else if (before?.uid === uid) known.delete(ip);
  });
  const leave = (ip: string): void => {
    // An address that no pod has told of yet is behind no service.
    const pod = known.get(ip);
    if (pod) known.set(ip, { ...pod, leaving: true });
  };
  return { known, leave, stop };
}

async function connected(address: Address): Promise<Socket | undefined> {
  const socket = connect({ ...address, noDelay: true, allowHalfOpen: true });
  // Whoever takes the connection hears of its end by "close"; an error must never be nobody's.
  socket.on("error", () => undefined);
  try {
    await once(socket, "connect");
    return socket;
  } catch {
    return undefined;
  }
}
