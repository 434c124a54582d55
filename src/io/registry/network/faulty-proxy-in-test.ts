import { createServer, request as forward } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

/** For tests: an HTTP proxy before a registry that counts, and does harm while it is told to. */
export interface FaultyProxy {
  readonly host: string;
  /** Bytes of request bodies that came in, of any request. */
  uploadedBytes: number;
  /** Every request that came in: `GET /v2/…`. */
  readonly requests: string[];
  /** What each request waits for, with its number from 1 on, before it is passed on. Undefined: nothing. */
  gate: ((request: string, number: number) => Promise<void>) | undefined;
  /** Faults by name. */
  readonly faults: Map<string, number>;
  /** From 0 up to but not 1: how the next requests go. Undefined: all of them well. */
  random: (() => number) | undefined;
}

const kinds = ["500", "503", "429", "reset", "cut request", "lose answer", "truncate answer"] as const;
type Kind = (typeof kinds)[number];
/** Of requests, that many meet a fault. */
const share = 0.25;

/** For tests: starts a proxy before a registry; ends with the test. */
export async function startFaultyProxy(t: TestContext, target: string): Promise<FaultyProxy> {
  const proxy: { -readonly [K in keyof FaultyProxy]: FaultyProxy[K] } = {
    host: "",
    uploadedBytes: 0,
    requests: [],
    gate: undefined,
    faults: new Map(),
    random: undefined,
  };
  const server = createServer((request, response) => {
    const { random } = proxy;
    const kind = random !== undefined && random() < share ? kinds[Math.floor(random() * kinds.length)] : undefined;
    if (kind !== undefined) proxy.faults.set(kind, (proxy.faults.get(kind) ?? 0) + 1);
    const begin = (): void => {
      request.on("data", (chunk: Buffer) => (proxy.uploadedBytes += chunk.length));
      pass(target, kind, request, response);
    };
    const line = `${request.method} ${request.url}`;
    const number = proxy.requests.push(line);
    if (proxy.gate === undefined) begin();
    else void proxy.gate(line, number).then(begin);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  proxy.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return proxy;
}

function pass(target: string, kind: Kind | undefined, request: IncomingMessage, response: ServerResponse): void {
  if (kind === "reset") return void request.socket.resetAndDestroy();
  if (kind === "500" || kind === "503" || kind === "429") {
    request.resume();
    response.writeHead(Number(kind), kind === "429" ? { "retry-after": "0" } : {}).end("{}");
    return;
  }
  const { method, url, headers } = request;
  const [hostname, port] = target.split(":");
  const outgoing = forward({ hostname, port, method, path: url, headers, agent: false });
  const drop = (): void => {
    outgoing.destroy();
    request.socket.resetAndDestroy();
  };
  outgoing.on("error", drop);
  request.on("error", () => outgoing.destroy());
  outgoing.on("response", (answer) => {
    if (kind === "lose answer") {
      answer.resume();
      answer.on("end", drop);
      return;
    }
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    if (kind === "truncate answer") {
      response.flushHeaders();
      answer.once("data", (chunk: Buffer) => response.write(chunk.subarray(0, chunk.length >> 1), drop));
      // Of an answer without a body there is nothing to cut off.
      answer.once("end", () => response.end());
      return;
    }
    answer.pipe(response);
  });
  if (kind !== "cut request") {
    request.pipe(outgoing);
    return;
  }
  request.once("data", (chunk: Buffer) => outgoing.write(chunk.subarray(0, chunk.length >> 1), drop));
  request.once("end", drop);
}
