import { Agent, request } from "node:https";
import type { World } from "./world.ts";

/** A request as a client sends it. */
export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Without saying who asks. */
  readonly isAnonymous?: boolean;
}

/** What came back. */
export interface Got {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
}

/** An answer while it comes. */
export interface Coming {
  /** What has come so far. */
  text(): string;
  readonly done: Promise<Got>;
  /** Ends it from the client's side. */
  end(): void;
}

/** Connections of one identity are kept for what is sent next: handshakes would take most of a replay's time. */
const agents = new Map<string, Agent>();

function agentOf({ identity }: World, isAnonymous: boolean): Agent {
  const { certificate, key } = identity.admin;
  const name = isAnonymous ? "" : certificate;
  const agent =
    agents.get(name) ?? new Agent({ keepAlive: true, rejectUnauthorized: false, ...(name && { cert: name, key }) });
  agents.set(name, agent);
  return agent;
}

/** Sends a request over HTTPS and waits for the whole answer; the status is 0 where the connection ends without one. */
export async function send(world: World, sent: Sent): Promise<Got> {
  try {
    return await (
      await open(world, sent)
    ).done;
  } catch (error) {
    return { status: 0, headers: {}, text: `<connection closed without an answer: ${(error as Error).message}>` };
  }
}

/** Sends a request over HTTPS and waits for the head of the answer. */
export function open(world: World, { method, path, headers, body, isAnonymous = false }: Sent): Promise<Coming> {
  const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  const length = text === undefined ? {} : { "content-length": String(Buffer.byteLength(text)) };
  return new Promise((resolve, reject) => {
    const outgoing = request(
      `${world.listener.url}${path}`,
      {
        method,
        agent: agentOf(world, isAnonymous),
        headers: { ...headers, ...length },
      },
      (incoming) => {
        let received = "";
        incoming.setEncoding("utf8");
        incoming.on("data", (chunk: string) => (received += chunk));
        const { statusCode = 0, headers: got } = incoming;
        const done = new Promise<Got>((ended) => {
          incoming.once("close", () => {
            ended({ status: statusCode, headers: got, text: received });
          });
        });
        resolve({ text: () => received, done, end: () => outgoing.destroy() });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(text);
  });
}
