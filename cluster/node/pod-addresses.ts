import { randomInt } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { fileURLToPath } from "node:url";

/** The loopback addresses of one cluster: its node's, and one for each pod. */
export interface PodAddresses {
  /** The first two numbers of all of them, as in "127.40"; pods have the upper half, services may have the lower. */
  readonly prefix: string;
  readonly hostIP: string;
  /** Whether each pod can bind its own address. If not (macOS), local ports stand for the pods' ports. */
  readonly own: boolean;
  /** An address for a pod that listens on `ports`. */
  take(ports: readonly number[]): string;
  /** The address is free again. */
  give(ip: string): void;
  /** Where a port of a pod really is on this machine. */
  dial(host: string, port: number): { readonly host: string; readonly port: number };
  /** What a pod's programs need in their environment to listen on the pod's address. */
  variables(ip: string, environment: Readonly<Record<string, string>>): Readonly<Record<string, string>>;
  close(): void;
}

/** A listener here, for as long as the process lives, says that the block 127.n.0.0/17 is taken. */
const lockPort = 39_127;
const preload = fileURLToPath(new URL("./listen-on-pod-address.cjs", import.meta.url));

/** Linux answers on all of 127.0.0.0/8 without being told to; macOS on 127.0.0.1 alone. */
const hasManyLoopbacks = process.platform === "linux";

/**
 * Takes a block of loopback addresses that no other cluster on this machine has; rejects when there is none left. With
 * `one`, the addresses are only names, and ports of 127.0.0.1 stand for the pods' ports.
 */
export async function takePodAddresses(one = !hasManyLoopbacks): Promise<PodAddresses> {
  const first = randomInt(32, 224);
  if (one) return podAddresses(first, undefined, false);
  let lastError: unknown;
  for (let step = 0; step < 192; step += 1) {
    const block = 32 + ((first - 32 + step) % 192);
    try {
      const lock = await listen(`127.${block}.0.1`, lockPort);
      return podAddresses(block, lock, true);
    } catch (error) {
      lastError = error;
      if ((error as NodeJS.ErrnoException).code === "EADDRNOTAVAIL") return podAddresses(block, undefined, false);
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") break;
    }
  }
  const why = (lastError as Error).message;
  throw new Error(`no loopback addresses for pods: ${why}; stop other clusters, or what listens on port ${lockPort}`);
}

async function listen(host: string, port: number): Promise<Server> {
  const server = createServer((socket) => socket.destroy()).unref();
  server.listen({ host, port });
  await once(server, "listening");
  return server;
}

function podAddresses(block: number, lock: Server | undefined, own: boolean): PodAddresses {
  const taken = new Set<string>();
  const stands = new Map<string, number>();
  let last = 0;
  return {
    prefix: `127.${block}`,
    hostIP: own ? `127.${block}.0.1` : "127.0.0.1",
    own,
    take(ports) {
      const ip = next();
      taken.add(ip);
      if (!own) for (const port of ports) stands.set(`${ip}:${port}`, freePort());
      return ip;
    },
    give(ip) {
      taken.delete(ip);
      for (const key of stands.keys()) if (key.startsWith(`${ip}:`)) stands.delete(key);
    },
    dial(host, port) {
      const local = stands.get(`${host}:${port}`);
      return local === undefined ? { host, port } : { host: "127.0.0.1", port: local };
    },
    variables(ip, environment) {
      const ports = [...stands].flatMap(([key, local]) =>
        key.startsWith(`${ip}:`) ? [`${key.slice(ip.length + 1)}=${local}`] : [],
      );
      const options = environment["NODE_OPTIONS"];
      return {
        HOST: environment["HOST"] ?? ip,
        POD_IP: environment["POD_IP"] ?? ip,
        NODE_OPTIONS: `--require ${JSON.stringify(preload)}${options ? ` ${options}` : ""}`,
        PLUMBLINE_POD_IP: ip,
        ...(own ? {} : { PLUMBLINE_POD_PORTS: ports.join(",") }),
      };
    },
    close() {
      lock?.close();
    },
  };

  /** The address after the last one, so that a freed one is not taken again soon. */
  function next(): string {
    for (let step = 0; step < 128 * 254; step += 1) {
      last = (last % (127 * 254)) + 1;
      const ip = `127.${block}.${128 + Math.floor((last - 1) / 254)}.${1 + ((last - 1) % 254)}`;
      if (!taken.has(ip)) return ip;
    }
    throw new Error("every address of the cluster's block is taken by a pod");
  }
}

/** Free on every address, so on 127.0.0.1 as well; bound for a moment only, to be told which. */
function freePort(): number {
  const server = createServer().listen(0);
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
