import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { failureSpread, unreadyReason } from "./readiness.ts";
import type { Settings } from "./settings.ts";

/** A running backend: its server, and how to end it without losing a request. */
export interface Service {
  readonly server: Server;
  /** Not ready from now on; answers end their connections, so that clients come back elsewhere. */
  startDraining(): void;
}

interface Answer {
  readonly status: number;
  readonly body: object;
}

/** Makes the service; it listens once the caller says where. `started` is when this process began. */
export function createService(settings: Settings, started: Date): Service {
  let draining = false;
  const failing = failureSpread(settings.faults.errorShare);
  const identity = { version: settings.version, commit: settings.faults.wrongCommit ?? settings.commit };
  const metadata = {
    name: "backend",
    ...identity,
    image: settings.image,
    digest: settings.image?.split("@")[1] ?? null,
    built: settings.built,
    started: started.toISOString(),
    pod: settings.pod,
    node: settings.node,
    environment: settings.environment,
  };

  const answer = (path: string): Answer => {
    const secondsUp = (Date.now() - started.getTime()) / 1000;
    if (path === "/healthz") return { status: 200, body: { status: "ok", ...identity } };
    if (path === "/readyz") {
      const reason = unreadyReason(settings.faults, secondsUp, draining);
      if (reason !== undefined) return { status: 503, body: { status: "unready", reason, ...identity } };
      return { status: 200, body: { status: "ready", ...identity } };
    }
    if (path !== "/metadata") return problem(404, "there is nothing at this path");
    if (failing()) return problem(500, "told to fail a share of the requests (FAULT_ERROR_SHARE)");
    return { status: 200, body: metadata };
  };

  const server = createServer((request, response) => {
    if (draining) response.setHeader("connection", "close");
    respond(request, response, answer);
  });
  // Longer than the usual proxy keeps an idle connection: whoever closes first must be the client's side.
  server.keepAliveTimeout = 75_000;
  return {
    server,
    startDraining: () => {
      draining = true;
    },
  };
}

function respond(request: IncomingMessage, response: ServerResponse, answer: (path: string) => Answer): void {
  const path = pathOf(request.url ?? "/");
  const readable = request.method === "GET" || request.method === "HEAD";
  if (!readable) response.setHeader("allow", "GET, HEAD");
  const { status, body } = readable ? answer(path) : problem(405, "only GET and HEAD are answered");
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  // A body that nobody reads would block the connection for the next request.
  request.resume();
  response.end(request.method === "HEAD" ? undefined : text);
}

/** The path without query, and without the `/api` below which an Ingress serves this service. */
function pathOf(url: string): string {
  const path = url.split(/[?#]/, 1)[0] ?? "/";
  return path.startsWith("/api/") ? path.slice("/api".length) : path;
}

function problem(status: number, message: string): Answer {
  return { status, body: { error: { status, message } } };
}
