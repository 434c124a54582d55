import { spawn } from "node:child_process";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";

/** A Git server to be started: git's own `http-backend` behind HTTP, as teams run it behind a web server. */
export interface GitServerOptions {
  /** The folder of bare repositories; `<url>/<name>.git` is one of them. */
  readonly folder: string;
  /** Where to listen; default 127.0.0.1. */
  readonly host?: string;
  /** What every request must carry; without it everyone may read and push. */
  readonly credentials?: { readonly username: string; readonly password: string };
  /** Nobody may push; default those who are let in may. */
  readonly isReadOnly?: boolean;
  /** PEM; with it the server speaks HTTPS. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** A running Git server. */
export interface GitServer {
  /** Without a slash at its end. */
  readonly url: string;
  /** The paths that were asked for, with the method in front. */
  readonly seen: readonly string[];
  stop(): Promise<void>;
}

/** Serves bare repositories on a free port (https://git-scm.com/docs/git-http-backend). */
export async function startGitServer(options: GitServerOptions): Promise<GitServer> {
  const { host = "127.0.0.1", tls } = options;
  const seen: string[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    seen.push(`${request.method} ${request.url}`);
    if (isWelcome(options, request.headers.authorization)) serve(options, request, response);
    else response.writeHead(401, { "www-authenticate": 'Basic realm="git"' }).end();
  };
  const server = tls ? createTlsServer(tls, answer) : createServer(answer);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls ? "https" : "http"}://${host}:${port}`,
    seen,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function isWelcome({ credentials }: GitServerOptions, authorization: string | undefined): boolean {
  if (!credentials) return true;
  const { username, password } = credentials;
  return authorization === `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

/** One request through the CGI program (RFC 3875): its answer is headers, an empty line, and the body. */
function serve({ folder, isReadOnly }: GitServerOptions, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? "/", "http://git");
  const backend = spawn("git", ["http-backend"], {
    env: {
      PATH: process.env["PATH"],
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: "1",
      // Without a name http-backend only lets people read.
      ...(isReadOnly === true ? {} : { REMOTE_USER: "someone" }),
      REQUEST_METHOD: request.method,
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: request.headers["content-type"] ?? "",
      HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
      GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
      ...(request.headers["content-length"] === undefined ? {} : { CONTENT_LENGTH: request.headers["content-length"] }),
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_CONFIG_GLOBAL: "/dev/null",
      // A server's repositories may belong to another user than the one who serves them.
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: "safe.directory",
      GIT_CONFIG_VALUE_0: "*",
    },
    stdio: ["pipe", "pipe", "ignore"],
  });
  request.pipe(backend.stdin);
  for (const end of [backend.stdin, response]) end.on("error", () => undefined);
  backend.once("error", () => response.writeHead(500).end("git is not there"));
  response.once("close", () => backend.kill());
  let head = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf("\r\n\r\n");
    if (end < 0) return;
    backend.stdout.off("data", onData);
    const headers = head
      .subarray(0, end)
      .toString("latin1")
      .split("\r\n")
      .map((line) => line.split(/: ?(.*)/s, 2) as [string, string]);
    const status = headers.find(([name]) => name.toLowerCase() === "status")?.[1] ?? "200";
    response.writeHead(
      Number.parseInt(status, 10),
      Object.fromEntries(headers.filter(([name]) => name.toLowerCase() !== "status")),
    );
    response.write(head.subarray(end + 4));
    backend.stdout.pipe(response);
  };
  backend.stdout.on("data", onData);
}
