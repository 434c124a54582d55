import { request as httpRequest } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { request as httpsRequest } from "node:https";

/** Passes GET requests on to the engine's status server. */
export interface StatusProxy {
  pass(path: string, request: IncomingMessage, response: ServerResponse): void;
  /** Ends the streams that are open. */
  close(): void;
}

const answerWithinMs = 5000;

/** Makes the proxy to the status server at `base`; only the paths that the caller chooses are ever asked for. */
export function proxyTo(base: URL): StatusProxy {
  const open = new Set<ServerResponse>();
  const send = base.protocol === "https:" ? httpsRequest : httpRequest;
  return {
    pass(path, request, response) {
      const tag = request.headers["if-none-match"];
      const target = new URL(path.slice(1), base.href.endsWith("/") ? base : `${base.href}/`);
      const upstream = send(target, { method: request.method ?? "GET", headers: tag ? { "if-none-match": tag } : {} });
      const late = setTimeout(() => upstream.destroy(new Error("no answer in time")), answerWithinMs);
      upstream.on("response", (answer) => {
        clearTimeout(late);
        response.statusCode = answer.statusCode ?? 502;
        for (const name of ["content-type", "cache-control", "etag"]) {
          const value = answer.headers[name];
          if (value !== undefined) response.setHeader(name, value);
        }
        answer.pipe(response);
        answer.on("error", () => response.destroy());
      });
      upstream.on("error", () => {
        clearTimeout(late);
        if (response.headersSent) response.destroy();
        else response.writeHead(502, { "content-type": "text/plain" }).end("the engine does not answer\n");
      });
      open.add(response);
      response.on("close", () => {
        open.delete(response);
        upstream.destroy();
      });
      upstream.end();
    },
    close() {
      for (const response of open) response.end();
    },
  };
}
