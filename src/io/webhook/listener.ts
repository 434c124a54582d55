import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { ProblemError } from "../../model/problem.ts";
import type { Clock } from "../clock/clock.ts";
import { allowance } from "./allowance.ts";
import { proofOf } from "./proof.ts";

/** The one path that is answered. */
export const webhookPath = "/webhook";

/** Bytes of a body that are read; GitHub itself sends less for any push that people make. */
const mostBytes = 1024 * 1024;
/** Shorter ones can be guessed. */
const shortestSecret = 16;

/** What a webhook listener is made of. */
export interface WebhookOptions {
  readonly host: string;
  /** 0 chooses a free one. */
  readonly port: number;
  /** The file with the secret that the forge was given; read at each request, because a mounted Secret is replaced in place. */
  readonly secretFile: string;
  readonly clock: Clock;
  /** The repository was pushed to, says a forge that knows the secret; false when this engine does not follow it now. */
  readonly onPush: () => boolean;
}

/** A running webhook listener. */
export interface WebhookListener {
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * Listens for what GitHub, GitLab, Gitea, Forgejo and signed requests of others say about pushes. It can only cause a fetch:
 * nothing of the body is understood or kept, and no answer has one (behaviours D2 and G5).
 */
export async function listenForWebhooks(options: WebhookOptions): Promise<WebhookListener> {
  await readSecret(options.secretFile);
  const mayAsk = allowance({ burst: 30, perSecond: 1, now: () => options.clock.now() });
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000, maxHeaderSize: 16_384 });
  server.maxConnections = 100;
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    void answer(options, mayAsk, request).then(
      (status) => end(request, response, status),
      () => end(request, response, 500),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(cannotListen(options, error)));
    server.listen(options.port, options.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(options: WebhookOptions, mayAsk: () => boolean, request: IncomingMessage): Promise<number> {
  if (request.url?.split("?")[0] !== webhookPath) return 404;
  if (request.method !== "POST") return 405;
  if (!mayAsk()) return 429;
  if (Number(request.headers["content-length"] ?? 0) > mostBytes) return 413;
  const proof = proofOf(request.headers, await readSecret(options.secretFile));
  if (proof === undefined) return 401;
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > mostBytes) return 413;
    proof.update(piece);
  }
  if (!proof.holds()) return 401;
  return options.onPush() ? 202 : 503;
}

/** Whatever of the body was not read is not waited for. */
function end(request: IncomingMessage, response: ServerResponse, status: number): void {
  if (status === 405) response.setHeader("allow", "POST");
  if (status === 429) response.setHeader("retry-after", "30");
  if (!request.complete) response.setHeader("connection", "close");
  response.writeHead(status, { "content-length": 0 }).end(() => {
    if (!request.complete) request.destroy();
  });
}

async function readSecret(file: string): Promise<string> {
  const secret = await readFile(file, "utf8").then(
    (text) => text.trim(),
    () => "",
  );
  if (secret.length >= shortestSecret) return secret;
  throw new ProblemError({
    code: "webhook-secret-missing",
    message: `${file} holds no secret of at least ${shortestSecret} characters for the webhook.`,
    remedy: "Write one there, for example the output of `openssl rand -hex 32`, and give the same to the forge.",
  });
}

function cannotListen({ host, port }: WebhookOptions, error: Error): ProblemError {
  return new ProblemError(
    {
      code: "cannot-listen",
      message: `The webhook cannot listen on ${host}:${port}: ${error.message}.`,
      remedy: "Choose another port with --webhook-port, or 0 for any that is free.",
    },
    error,
  );
}
