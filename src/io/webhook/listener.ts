import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { ProblemError } from "../../model/problem.ts";
import type { Clock } from "../clock/clock.ts";
import { allowance } from "./allowance.ts";
import { passedOnHeader } from "./pass-on.ts";
import { proofOf } from "./proof.ts";
import { readSecret } from "./secret.ts";
import { Senders } from "./senders.ts";

/** The one path that is answered. */
export const webhookPath = "/webhook";

/** Bytes of a body that are read; GitHub itself sends less for any push that people make. */
const mostBytes = 1024 * 1024;
/** Connections at the same time: of all, and of one address, so that it cannot hold all of them. */
const mostConnections = 100;
const mostOfOne = 25;
/** Pushes that are heard, of whoever proves them: more would only fetch over and over. */
const pushes = { burst: 30, perSecond: 1 };

/** What a webhook listener is made of. */
export interface WebhookOptions {
  readonly host: string;
  /** 0 chooses a free one. */
  readonly port: number;
  /** The file with the secret that the forge was given; read at each request, because a mounted Secret is replaced in place. */
  readonly secretFile: string;
  readonly clock: Clock;
  /**
   * The repository was pushed to, says a forge that knows the secret, or another engine that passes it on; false when nobody
   * follows that up.
   */
  readonly onPush: (isPassedOn: boolean) => boolean | Promise<boolean>;
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
  const now = (): number => options.clock.now();
  const limits: Limits = { mayPush: allowance({ ...pushes, now }), senders: new Senders(now) };
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000, maxHeaderSize: 16_384 });
  server.maxConnections = mostConnections;
  boundEachAddress(server);
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    void answer(options, limits, request).then(
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

interface Limits {
  readonly mayPush: () => boolean;
  readonly senders: Senders;
}

async function answer(
  options: WebhookOptions,
  { mayPush, senders }: Limits,
  request: IncomingMessage,
): Promise<number> {
  if (request.url?.split("?")[0] !== webhookPath) return 404;
  if (request.method !== "POST") return 405;
  const { remoteAddress = "" } = request.socket;
  if (!senders.mayTry(remoteAddress)) return 429;
  const wrong = await unproved(options, request);
  if (wrong !== undefined) {
    senders.failed(remoteAddress);
    return wrong;
  }
  senders.proved(remoteAddress);
  if (!mayPush()) return 429;
  const isPassedOn = request.headers[passedOnHeader] !== undefined;
  return (await options.onPush(isPassedOn)) ? 202 : 503;
}

/** The status for a request that does not prove that it comes from somebody who knows the secret. */
async function unproved(options: WebhookOptions, request: IncomingMessage): Promise<number | undefined> {
  const proof = proofOf(request.headers, await readSecret(options.secretFile));
  if (proof === undefined) return 401;
  if (Number(request.headers["content-length"] ?? 0) > mostBytes) return 413;
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > mostBytes) return 413;
    proof.update(piece);
  }
  return proof.holds() ? undefined : 401;
}

/** Ends what one address opens beyond its part. */
function boundEachAddress(server: Server): void {
  const open = new Map<string, number>();
  server.on("connection", (socket: Socket) => {
    const { remoteAddress = "" } = socket;
    const count = (open.get(remoteAddress) ?? 0) + 1;
    open.set(remoteAddress, count);
    socket.once("close", () => {
      const left = (open.get(remoteAddress) ?? 1) - 1;
      if (left === 0) open.delete(remoteAddress);
      else open.set(remoteAddress, left);
    });
    if (count > mostOfOne) socket.destroy();
  });
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
