import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";

/** What a wire does to what goes over it: passes it on, keeps it without a word, or cuts it and whatever is new. */
export type Weather = "open" | "silent" | "cut";

/** A way to a port of this machine that can be made to fail as networks do. */
export interface Wire {
  readonly port: number;
  /** Where it leads from now on. */
  lead(to: number): void;
  become(weather: Weather): void;
  stop(): void;
}

/** Opens a wire on a free port. */
export async function startWire(): Promise<Wire> {
  const sockets = new Set<Socket>();
  let weather: Weather = "open";
  let target = 0;
  const keep = (socket: Socket, other: Socket): void => {
    sockets.add(socket);
    socket.on("error", () => other.destroy());
    socket.on("close", () => {
      sockets.delete(socket);
      other.destroy();
    });
    socket.pipe(other);
    if (weather === "silent") socket.pause();
  };
  const server = createServer((near) => {
    if (weather === "cut") {
      near.destroy();
      return;
    }
    const far = connect(target, "127.0.0.1");
    keep(near, far);
    keep(far, near);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    lead(to) {
      target = to;
    },
    become(next) {
      weather = next;
      for (const socket of sockets) {
        if (next === "cut") socket.destroy();
        else if (next === "silent") socket.pause();
        else socket.resume();
      }
    },
    stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
