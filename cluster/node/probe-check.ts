import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import type { Container, HTTPGetAction, Probe } from "kubernetes-types/core/v1.js";
import { checkGrpc } from "./grpc-health.ts";

/** What one attempt of a probe found. */
export type ProbeOutcome =
  | { readonly passed: true }
  | {
      readonly passed: false;
      /** In the kubelet's words. */
      readonly output: string;
      /** Nothing listens there (yet). */
      readonly refused: boolean;
    };

/** Where a probe looks. */
export interface ProbeTarget {
  readonly container: Container;
  readonly podIP: string;
  /** Where a port of the pod really is on this machine. */
  dial(host: string, port: number): { readonly host: string; readonly port: number };
  /** Runs a command in the container; rejects with the message to report when it cannot, or takes longer. */
  exec(words: readonly string[], timeoutMs: number): Promise<{ readonly exitCode: number; readonly output: string }>;
}

const passed: ProbeOutcome = { passed: true };

/** One attempt of a probe. Never rejects. */
export async function checkProbe(probe: Probe, target: ProbeTarget): Promise<ProbeOutcome> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  try {
    if (probe.httpGet) return await checkHttp(probe.httpGet, target, timeoutMs);
    if (probe.tcpSocket) {
      const host = probe.tcpSocket.host ?? target.podIP;
      return await checkTcp(host, portNumber(probe.tcpSocket.port, target.container), target, timeoutMs);
    }
    if (probe.grpc) {
      const { port, service } = probe.grpc;
      const failure = await checkGrpc(target.dial(target.podIP, port), service ?? "", timeoutMs);
      return failure === undefined ? passed : failed(failure);
    }
    const { exitCode, output } = await target.exec(probe.exec?.command ?? [], timeoutMs);
    return exitCode === 0 ? passed : failed(output);
  } catch (error) {
    return failed((error as Error).message);
  }
}

function failed(output: string, refused = false): ProbeOutcome {
  return { passed: false, output, refused };
}

/** A port by number, or by the name that the container gives it. */
export function portNumber(port: string | number, container: Container): number {
  if (typeof port === "number") return port;
  const named = container.ports?.find(({ name }) => name === port)?.containerPort;
  const number = named ?? Number(port);
  if (!Number.isInteger(number)) throw new Error(`couldn't find port: ${port}`);
  return number;
}

/** A GET as probes and hooks do it; answers the status. Rejects in the words of Go's HTTP client. */
export function httpGet(action: HTTPGetAction, target: ProbeTarget, timeoutMs: number): Promise<number> {
  const host = action.host ?? target.podIP;
  const port = portNumber(action.port, target.container);
  const secure = action.scheme === "HTTPS";
  const path = `/${(action.path ?? "/").replace(/^\//, "")}`;
  const url = `${secure ? "https" : "http"}://${host}:${port}${path}`;
  const headers: Record<string, string> = { "user-agent": "kube-probe/1.34", accept: "*/*", host: `${host}:${port}` };
  for (const { name, value } of action.httpHeaders ?? []) headers[name.toLowerCase()] = value;
  const dialled = target.dial(host, port);
  return new Promise((resolve, reject) => {
    const send = secure ? httpsRequest : httpRequest;
    const options = { ...dialled, path, headers, agent: false, timeout: timeoutMs, rejectUnauthorized: false };
    const request = send(options, (response) => {
      response.resume();
      // The headers decide, as long as the body ends in time or not at all.
      resolve(response.statusCode ?? 0);
      response.on("error", () => undefined);
      if (!response.complete) response.once("end", () => request.destroy());
    });
    const timer = setTimeout(() => {
      reject(new Error(`Get "${url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`));
      request.destroy();
    }, timeoutMs);
    request.on("error", (error: NodeJS.ErrnoException) => {
      reject(Object.assign(new Error(`Get "${url}": ${goError(error, host, port)}`), { code: error.code }));
    });
    request.on("close", () => {
      clearTimeout(timer);
    });
    request.end();
  });
}

async function checkHttp(action: HTTPGetAction, target: ProbeTarget, timeoutMs: number): Promise<ProbeOutcome> {
  try {
    const status = await httpGet(action, target, timeoutMs);
    return status >= 200 && status < 400 ? passed : failed(`HTTP probe failed with statuscode: ${status}`);
  } catch (error) {
    return failed((error as Error).message, (error as NodeJS.ErrnoException).code === "ECONNREFUSED");
  }
}

function checkTcp(host: string, port: number, target: ProbeTarget, timeoutMs: number): Promise<ProbeOutcome> {
  return new Promise((resolve) => {
    const socket = connect(target.dial(host, port));
    const timer = setTimeout(() => {
      resolve(failed(`dial tcp ${host}:${port}: i/o timeout`));
      socket.destroy();
    }, timeoutMs);
    socket.once("connect", () => {
      resolve(passed);
      socket.destroy();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      resolve(failed(goError(error, host, port), error.code === "ECONNREFUSED"));
    });
    socket.once("close", () => {
      clearTimeout(timer);
    });
  });
}

function goError(error: NodeJS.ErrnoException, host: string, port: number): string {
  if (error.code === "ECONNREFUSED") return `dial tcp ${host}:${port}: connect: connection refused`;
  if (error.code === "ECONNRESET") return error.message === "socket hang up" ? "EOF" : "read: connection reset by peer";
  return error.message;
}
