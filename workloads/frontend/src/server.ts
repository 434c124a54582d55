import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { fileURLToPath } from "node:url";
import { readAssets } from "./server/assets.ts";
import type { Asset } from "./server/assets.ts";
import { proxyTo } from "./server/proxy.ts";

/** Serves the page to GET and HEAD alone, and passes on the engine's status document where it knows one. */
const port = Number(process.env["PORT"] ?? "8080");
const host = process.env["HOST"] ?? "0.0.0.0";
const drainSeconds = Number(process.env["DRAIN_SECONDS"] ?? "3");
const statusUrl = process.env["STATUS_URL"];

const headers = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
    "base-uri 'none'; frame-ancestors 'none'; form-action 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

const assets = readAssets(fileURLToPath(new URL(".", import.meta.url)));
const proxy = statusUrl ? proxyTo(new URL(statusUrl)) : undefined;
/** What the page can ask here; it takes the place of the page's own default. */
const origin = `export const origin = ${JSON.stringify({ backend: true, ...(proxy ? { status: "events" } : {}) })};`;
let draining = false;

const server = createServer({ maxHeaderSize: 8192 }, (request, response) => {
  request.resume();
  if (draining) response.setHeader("connection", "close");
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  respond(request, response);
});
// Longer than the usual proxy keeps an idle connection: whoever closes first must be the client's side.
server.keepAliveTimeout = 75_000;
server.on("error", (error) => {
  log("cannot listen", { host, port, error: error.message });
  process.exit(1);
});
server.listen(port, host, () => {
  log("listening", { host, port });
});
process.on("SIGTERM", stop);
process.on("SIGINT", stop);

function respond(request: IncomingMessage, response: ServerResponse): void {
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD");
    sendText(request, response, 405, "only GET and HEAD are answered");
    return;
  }
  const path = (request.url ?? "/").split(/[?#]/, 1)[0] ?? "/";
  const asset = assets.get(path === "/" ? "/index.html" : path);
  if (path === "/healthz") sendText(request, response, 200, "ok");
  else if (path === "/readyz") sendText(request, response, draining ? 503 : 200, draining ? "draining" : "ready");
  else if (path === "/origin.js") sendText(request, response, 200, origin, "text/javascript; charset=utf-8");
  else if (proxy && (path === "/status.json" || path === "/status/events")) proxy.pass(path, request, response);
  else if (asset) sendAsset(request, response, asset);
  else sendText(request, response, 404, "there is nothing at this path");
}

function sendAsset(request: IncomingMessage, response: ServerResponse, { body, type, etag }: Asset): void {
  response.setHeader("cache-control", "no-cache");
  response.setHeader("etag", etag);
  if (request.headers["if-none-match"] === etag) {
    response.writeHead(304).end();
    return;
  }
  response.writeHead(200, { "content-type": type, "content-length": body.length });
  response.end(request.method === "HEAD" ? undefined : body);
}

function sendText(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  text: string,
  type = "text/plain; charset=utf-8",
): void {
  const body = `${text}\n`;
  response.writeHead(status, {
    "content-type": type,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

/** Traffic still arrives until every proxy knows that this pod goes: answer it, then close and leave. */
function stop(signal: NodeJS.Signals): void {
  log("draining", { signal, seconds: drainSeconds });
  draining = true;
  process.removeAllListeners("SIGTERM").removeAllListeners("SIGINT");
  setTimeout(() => {
    server.close(() => {
      log("stopped", {});
      process.exit(0);
    });
    proxy?.close();
    server.closeIdleConnections();
  }, drainSeconds * 1000);
}

function log(event: string, details: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), event, ...details })}\n`);
}
