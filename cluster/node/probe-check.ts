import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import type { Container, HTTPGetAction, LifecycleHandler, Probe } from "kubernetes-types/core/v1.js";
import { type Clock, until } from "../clock.ts";
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
      /** It could not even be tried, so it says nothing about the container. */
      readonly errored?: true;
    };

/** A probe cannot be tried at all. */
export class ProbeError extends Error {}

/** Where probes and hooks of a container aim. */
export interface ProbeTarget {
  readonly container: Container;
  readonly podIP: string;
  /** Where a port of the pod really is on this machine. */
  dial(host: string, port: number): { readonly host: string; readonly port: number };
  /** Runs a command in the container; rejects with the message to report when it cannot, or takes longer. */
  exec(words: readonly string[], timeoutMs: number): Promise<{ readonly exitCode: number; readonly output: string }>;
}

/** One attempt of a probe. Never rejects. */
export async function checkProbe(probe: Probe, target: ProbeTarget): Promise<ProbeOutcome> {
  try {
    const output = await failureOf(probe, target, (probe.timeoutSeconds ?? 1) * 1000);
    return output === undefined ? { passed: true } : { passed: false, output, refused: false };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const errored = error instanceof ProbeError ? ({ errored: true } as const) : {};
    return { passed: false, output: message, refused: code === "ECONNREFUSED", ...errored };
  }
}

async function failureOf(probe: Probe, target: ProbeTarget, timeoutMs: number): Promise<string | undefined> {
  const { httpGet: http, tcpSocket: tcp, grpc, exec } = probe;
  if (http) {
    const status = await httpGet(http, target, timeoutMs);
    return status >= 200 && status < 400 ? undefined : `HTTP probe failed with statuscode: ${status}`;
  }
  if (tcp) {
    await connectTo(tcp.host ?? target.podIP, portNumber(tcp.port, target.container), target, timeoutMs);
    return undefined;
  }
  if (grpc) return checkGrpc(target.dial(target.podIP, grpc.port), grpc.service ?? "", timeoutMs);
  const { exitCode, output } = await target.exec(exec?.command ?? [], timeoutMs);
  return exitCode === 0 ? undefined : output;
}

/** Runs a lifecycle hook; rejects with why it failed. */
export async function runHook(
  hook: LifecycleHandler & { readonly sleep?: { readonly seconds: number } },
  target: ProbeTarget,
  timeoutMs: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  if (hook.sleep) await until(clock, clock.now() + hook.sleep.seconds * 1000, signal);
  else if (hook.httpGet) await httpGet(hook.httpGet, target, timeoutMs);
  else if (hook.exec) {
    const { exitCode, output } = await target.exec(hook.exec.command ?? [], timeoutMs);
    if (exitCode !== 0) throw new Error(`command exited with ${exitCode}: ${output}`);
  }
}

/** A port by number, or by the name that the container gives it. */
function portNumber(port: string | number, { ports = [] }: Container): number {
  const number = Number(ports.find(({ name }) => name === port)?.containerPort ?? port);
  if (!Number.isInteger(number)) throw new ProbeError(`strconv.Atoi: parsing "${port}": invalid syntax`);
  return number;
}

/** A GET as probes and hooks do it; answers the status. Rejects in the words of Go's HTTP client. */
function httpGet(action: HTTPGetAction, target: ProbeTarget, timeoutMs: number): Promise<number> {
  const { host = target.podIP, scheme = "HTTP", httpHeaders = [] } = action;
  const port = portNumber(action.port, target.container);
  const path = `/${(action.path ?? "/").replace(/^\//, "")}`;
  const url = `${scheme.toLowerCase()}://${host}:${port}${path}`;
  const headers: Record<string, string> = { "user-agent": "kube-probe/1.34", accept: "*/*", host: `${host}:${port}` };
  for (const { name, value } of httpHeaders) headers[name.toLowerCase()] = value;
  const signal = AbortSignal.timeout(timeoutMs);
  const options = { ...target.dial(host, port), path, headers, signal, agent: false, rejectUnauthorized: false };
  return new Promise((resolve, reject) => {
    const request = (scheme === "HTTPS" ? httpsRequest : httpRequest)(options, (response) => {
      // The headers decide; the body may end in its own time, up to the timeout.
      resolve(response.statusCode ?? 0);
      response.on("error", () => undefined).resume();
    });
    request.on("error", (error: NodeJS.ErrnoException) => {
      const late = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)";
      const why = signal.aborted ? late : goError(error, host, port);
      reject(Object.assign(new Error(`Get "${url}": ${why}`), { code: error.code }));
    });
    request.end();
  });
}

/** Connects and closes again. */
function connectTo(host: string, port: number, target: ProbeTarget, timeoutMs: number): Promise<void> {
  const signal = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const socket = connect({ ...target.dial(host, port), signal });
    socket.once("connect", () => {
      resolve();
      socket.destroy();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      const why = signal.aborted ? `dial tcp ${host}:${port}: i/o timeout` : goError(error, host, port);
      reject(Object.assign(new Error(why), { code: error.code }));
    });
  });
}

function goError({ code, message }: NodeJS.ErrnoException, host: string, port: number): string {
  if (code === "ECONNREFUSED") return `dial tcp ${host}:${port}: connect: connection refused`;
  if (code === "ECONNRESET") return message === "socket hang up" ? "EOF" : "read: connection reset by peer";
  return message;
}
