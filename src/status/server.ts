import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Clock } from "../io/clock/clock.ts";
import { ProblemError } from "../model/problem.ts";
import type { StatusDocument } from "../model/status-document.ts";
import { fileAnswer, securityHeaders, send, textAnswer } from "./answer.ts";
import type { Answer } from "./answer.ts";
import { boundConnections } from "./connections.ts";
import { editionOf } from "./edition.ts";
import type { Edition } from "./edition.ts";
import { Viewers } from "./viewers.ts";

/** What the read-only server shows. */
export interface StatusServerOptions {
  readonly host: string;
  /** 0 chooses a free one. */
  readonly port: number;
  readonly clock: Clock;
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
const mostViewers = 2000;
const mostConnections = 2500;
/** How often who watches is told that somebody is there. */
const beatMs = 10_000;
/** Changes that come faster than this are told together. */
const togetherMs = 100;
/** How old a document may be whose content has not changed: it says when it was made. */
const freshMs = 1000;
/** How long answers under way may take to end when the server stops. */
const partingMs = 500;

/** Serves the page, the document, its changes as server-sent events, and metrics; answers nothing but GET and HEAD (G5). */
export async function serveStatus(options: StatusServerOptions): Promise<StatusServer> {
  const { clock } = options;
  const viewers = new Viewers(() => clock.now());
  const shown = new Shown(options);
  const bounds = { requestTimeout: 10_000, headersTimeout: 10_000, connectionsCheckingInterval: 2000 };
  const server = createServer(bounds, (request, response) => {
    answer(options, shown, viewers, request, response);
  });
  boundConnections(server, mostConnections);
  const port = await listen(server, options);
  let stopBeat = beat();
  let toldAtMs = Number.NEGATIVE_INFINITY;
  let stopTelling: (() => void) | undefined;

  function beat(): () => void {
    return clock.at(clock.now() + beatMs, () => {
      viewers.beat(Buffer.from(`event: alive\ndata: ${new Date(clock.now()).toISOString()}\n\n`));
      stopBeat = beat();
    });
  }
  function tell(): void {
    stopTelling = undefined;
    toldAtMs = clock.now();
    if (viewers.size > 0) viewers.tell(shown.edition());
  }
  return {
    port,
    changed() {
      shown.forget();
      stopTelling ??= clock.at(toldAtMs + togetherMs, tell);
    },
    stop: () =>
      new Promise((resolve) => {
        stopBeat();
        stopTelling?.();
        const force = clock.at(clock.now() + partingMs, () => {
          server.closeAllConnections();
        });
        server.close(() => {
          force();
          resolve();
        });
        viewers.end();
      }),
  };
}

/** What is answered from memory: files for ever, the document until it changes or is too old. */
class Shown {
  readonly files: ReadonlyMap<string, Answer>;
  readonly #options: StatusServerOptions;
  #edition: Edition | undefined;
  /** When it was made, in milliseconds since the epoch; it is made anew once the document has changed. */
  #madeAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: StatusServerOptions) {
    this.#options = options;
    this.files = new Map([...options.assets].map(([name, body]) => [name, fileAnswer(name, body)]));
  }

  edition(): Edition {
    const { clock, current } = this.#options;
    const now = clock.now();
    const isFresh = now >= this.#madeAtMs && now - this.#madeAtMs < freshMs;
    if (this.#edition && isFresh) return this.#edition;
    this.#madeAtMs = now;
    return (this.#edition = editionOf(current(), this.#edition?.applications));
  }

  forget(): void {
    this.#madeAtMs = Number.NEGATIVE_INFINITY;
  }
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
    server.listen({ port, host, backlog: mostConnections }, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

function answer(
  options: StatusServerOptions,
  shown: Shown,
  viewers: Viewers,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (request.method !== "GET" && request.method !== "HEAD") {
    const refusal = textAnswer(405, "only GET and HEAD are answered here\n");
    // A body that nobody reads would keep the connection from its next request.
    return send(request, response, refusal, { allow: "GET, HEAD", connection: "close" });
  }
  if (!isOwnName(request.headers.host, options.host)) {
    return send(request, response, textAnswer(421, "this name is not served here\n"));
  }
  const path = (request.url ?? "/").split("?")[0] ?? "/";
  if (path === "/status/events") return stream(shown, viewers, request, response);
  send(request, response, answerTo(path, options, shown));
}

function answerTo(path: string, { metrics, ready }: StatusServerOptions, shown: Shown): Answer {
  switch (path) {
    case "/status.json":
      return shown.edition().answer;
    case "/metrics":
      return textAnswer(200, metrics(), "text/plain; version=0.0.4; charset=utf-8");
    case "/healthz":
      return textAnswer(200, "ok\n");
    case "/readyz":
      return ready() ? textAnswer(200, "ok\n") : textAnswer(503, "the repository has not been read yet\n");
    default:
      return shown.files.get(path === "/" ? "index.html" : path.slice(1)) ?? textAnswer(404, "there is nothing here\n");
  }
}

/** On loopback a foreign name in Host is a web page that was made to point here (DNS rebinding). */
function isOwnName(hostHeader: string | undefined, host: string): boolean {
  if (!/^(127\.|::1$|localhost$)/.test(host)) return true;
  const name = (hostHeader ?? "").replace(/:\d+$/, "").toLowerCase();
  return name === host || name === "localhost" || name === "127.0.0.1" || name === "[::1]";
}

function stream(shown: Shown, viewers: Viewers, request: IncomingMessage, response: ServerResponse): void {
  if (viewers.size >= mostViewers) {
    const refusal = textAnswer(503, "too many viewers; read /status.json instead\n");
    return send(request, response, refusal, { "retry-after": "10" });
  }
  const head = { "content-type": "text/event-stream", "cache-control": "no-store", connection: "close" };
  response.writeHead(200, { ...securityHeaders, ...head });
  if (request.method === "HEAD") {
    response.end();
    return;
  }
  response.write("retry: 1000\n");
  viewers.add(response, shown.edition(), request.url?.endsWith("?news") === true);
}
