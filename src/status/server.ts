import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { ProblemError } from "../model/problem.ts";
import type { StatusDocument } from "../model/status-document.ts";

/** What the read-only server shows. */
export interface StatusServerOptions {
  readonly host: string;
  /** 0 chooses a free one. */
  readonly port: number;
  /** The page's files by name, `index.html` among them; without them only the document is served. */
  readonly assets: ReadonlyMap<string, Uint8Array>;
  readonly current: () => StatusDocument;
  /** The metrics in Prometheus' text format. */
  readonly metrics: () => string;
  /** True once the engine has read the repository for the first time. */
  readonly ready: () => boolean;
}

/** A running status server. */
export interface StatusServer {
  readonly port: number;
  /** Tells everyone who watches that the document has changed. */
  changed(): void;
  stop(): Promise<void>;
}

/** Viewers of the event stream at once; one more is asked to come back later. */
const mostViewers = 100;
/** Bytes that may wait for a viewer who reads slowly. */
const mostBehind = 4_000_000;

const securityHeaders = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
} as const;

const contentTypes: { readonly [ending: string]: string } = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
  json: "application/json",
};

/** Serves the page, the document, its changes as server-sent events, and metrics; answers nothing but GET and HEAD (G5). */
export async function serveStatus(options: StatusServerOptions): Promise<StatusServer> {
  const viewers = new Set<ServerResponse>();
  let announced = false;
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 }, (request, response) => {
    answer(options, viewers, request, response);
  });
  server.maxConnections = 500;
  const port = await listen(server, options);
  return {
    port,
    changed() {
      // Many changes in one turn of the loop are one for those who watch.
      if (announced) return;
      announced = true;
      setImmediate(() => {
        announced = false;
        if (viewers.size === 0) return;
        const event = eventOf(options.current());
        for (const viewer of viewers) {
          // Who does not keep up is let go; browsers come back by themselves and begin with the newest document.
          if (viewer.writableLength > mostBehind) viewer.destroy();
          else viewer.write(event);
        }
      });
    },
    stop: () =>
      new Promise((resolve) => {
        for (const viewer of viewers) viewer.end();
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, { host, port }: StatusServerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const refuse = (code: string, message: string): void => {
      reject(new ProblemError({ code, message, remedy: "choose another port with --port, or 0 for any that is free" }));
    };
    if (!Number.isInteger(port) || port < 0 || port > 65_535) return refuse("not-a-port", `${port} is not a port`);
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") refuse("port-in-use", `port ${port} of ${host} is in use`);
      else refuse("cannot-listen", `cannot listen on ${host}:${port}: ${error.message}`);
    });
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

function answer(
  options: StatusServerOptions,
  viewers: Set<ServerResponse>,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD");
    return send(request, response, 405, "text/plain; charset=utf-8", "only GET and HEAD are answered here\n");
  }
  if (!isOwnName(request.headers.host, options.host)) {
    return send(request, response, 421, "text/plain; charset=utf-8", "this name is not served here\n");
  }
  const path = (request.url ?? "/").split("?")[0] ?? "/";
  switch (path) {
    case "/status.json": {
      const document = options.current();
      // The time of looking changes with every answer: without it, a document in which nothing happened has the same tag.
      const tag = `W/${tagOf(JSON.stringify({ ...document, generatedAt: "" }))}`;
      return send(request, response, 200, "application/json", JSON.stringify(document), tag);
    }
    case "/status/events":
      return stream(options, viewers, request, response);
    case "/metrics":
      return send(request, response, 200, "text/plain; version=0.0.4; charset=utf-8", options.metrics());
    case "/healthz":
      return send(request, response, 200, "text/plain; charset=utf-8", "ok\n");
    case "/readyz":
      return options.ready()
        ? send(request, response, 200, "text/plain; charset=utf-8", "ok\n")
        : send(request, response, 503, "text/plain; charset=utf-8", "the repository has not been read yet\n");
    default: {
      const name = path === "/" ? "index.html" : path.slice(1);
      const asset = options.assets.get(name);
      const type = contentTypes[name.slice(name.lastIndexOf(".") + 1)] ?? "application/octet-stream";
      if (asset) return send(request, response, 200, type, asset);
      return send(request, response, 404, "text/plain; charset=utf-8", "there is nothing here\n");
    }
  }
}

/** On loopback a foreign name in Host is a web page that was made to point here (DNS rebinding). */
function isOwnName(hostHeader: string | undefined, host: string): boolean {
  if (!/^(127\.|::1$|localhost$)/.test(host)) return true;
  const name = (hostHeader ?? "").replace(/:\d+$/, "").toLowerCase();
  return name === host || name === "localhost" || name === "127.0.0.1" || name === "[::1]";
}

function tagOf(body: string | Uint8Array): string {
  return `"${createHash("sha256").update(body).digest("base64url").slice(0, 27)}"`;
}

/** Whether If-None-Match names the tag; for that, weak and strong tags are the same (RFC 9110, 13.1.2). */
function isKnown(tag: string, ifNoneMatch: string | undefined): boolean {
  const strong = (text: string): string => text.trim().replace(/^W\//, "");
  return ifNoneMatch !== undefined && ifNoneMatch.split(",").map(strong).includes(strong(tag));
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  type: string,
  body: string | Uint8Array,
  tag: string = tagOf(body),
): void {
  response.setHeader("cache-control", "no-cache");
  if (status === 200) response.setHeader("etag", tag);
  if (status === 200 && isKnown(tag, request.headers["if-none-match"])) {
    response.writeHead(304).end();
    return;
  }
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) });
  response.end(request.method === "HEAD" ? undefined : body);
}

function stream(
  options: StatusServerOptions,
  viewers: Set<ServerResponse>,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (viewers.size >= mostViewers) {
    response.setHeader("retry-after", "10");
    return send(request, response, 503, "text/plain; charset=utf-8", "too many viewers; read /status.json instead\n");
  }
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  if (request.method === "HEAD") {
    response.end();
    return;
  }
  response.write(`retry: 1000\n${eventOf(options.current())}`);
  viewers.add(response);
  response.once("close", () => {
    viewers.delete(response);
  });
}

function eventOf(document: StatusDocument): string {
  return `event: status\ndata: ${JSON.stringify(document)}\n\n`;
}
