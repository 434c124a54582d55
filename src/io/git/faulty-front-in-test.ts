import { createServer, request as ask } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** For tests: what may become of one request. `late` faults let the server act and lose its answer. */
export const frontFaults = ["reset", "late reset", "truncated", "500", "503", "429", "stall", "garbage"] as const;
export type FrontFault = (typeof frontFaults)[number];

/** For tests: a front before an HTTP server. */
export interface FaultyFront {
  readonly url: string;
  /** Requests that wait for an answer that never comes. */
  readonly stalled: () => number;
  stop(): Promise<void>;
}

/** For tests: passes requests on, unless `fault` names what goes wrong with one. */
export async function startFaultyFront(
  behind: string,
  fault: (request: IncomingMessage) => FrontFault | undefined,
): Promise<FaultyFront> {
  const stalled = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    response.on("error", () => undefined);
    const is = fault(request);
    if (is === "stall") {
      stalled.add(response);
      response.once("close", () => stalled.delete(response));
      return;
    }
    if (is === "reset") return void request.socket.resetAndDestroy();
    if (is === "garbage") return void response.writeHead(200, { "content-type": request.headers.accept }).end("<html>");
    if (is === "500" || is === "503" || is === "429") return void response.writeHead(Number(is)).end("no");
    pass(behind, request, response, is);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stalled: () => stalled.size,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function pass(
  behind: string,
  request: IncomingMessage,
  response: ServerResponse,
  is: "late reset" | "truncated" | undefined,
): void {
  const onward = ask(`${behind}${request.url}`, { method: request.method, headers: request.headers }, (answer) => {
    const pieces: Buffer[] = [];
    answer.on("data", (piece: Buffer) => pieces.push(piece));
    answer.on("error", () => request.socket.destroy());
    answer.on("end", () => {
      if (is === "late reset") return void request.socket.resetAndDestroy();
      const body = Buffer.concat(pieces);
      const { "transfer-encoding": _, ...headers } = answer.headers;
      response.writeHead(answer.statusCode ?? 500, { ...headers, "content-length": body.length });
      if (is !== "truncated") return void response.end(body);
      response.write(body.subarray(0, Math.floor(body.length / 2)), () => request.socket.destroy());
    });
  });
  onward.on("error", () => request.socket.destroy());
  request.pipe(onward);
}
