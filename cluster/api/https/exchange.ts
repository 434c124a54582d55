import type { IncomingMessage, ServerResponse } from "node:http";
import { ApiError } from "../../client.ts";
import type { NodeHooks } from "../hooks.ts";
import { jsonOfProtobuf, protobufType } from "../protobuf.ts";
import { badRequest } from "../refusal.ts";
import type { ApiServer, Place } from "../server.ts";
import type { User } from "./identity.ts";
import type { Query } from "./query.ts";
import type { ResourcePath } from "./request-path.ts";

/** One request while it is answered. */
export interface Exchange {
  readonly api: ApiServer;
  readonly hooks: NodeHooks | undefined;
  readonly user: User;
  /** Who a bearer token belongs to; undefined for a token of nobody. */
  readonly authenticate: (token: string) => User | undefined;
  readonly method: string;
  readonly url: URL;
  readonly query: Query;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Tells the client something beside the answer. */
  readonly warn: (text: string) => void;
}

/** An answer that is whole; routes that stream answer by themselves and give none. */
export interface Answer {
  readonly status: number;
  /** The media type; undefined where there is no body. */
  readonly type: string | undefined;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Answers one verb on a place, whose name is "" for a collection; undefined when it answers by itself. */
export type Handler = (
  exchange: Exchange,
  place: Place,
  path: ResourcePath,
) => Answer | undefined | Promise<Answer | undefined>;

/** An answer of JSON. */
export function json(status: number, value: unknown): Answer {
  return { status, type: "application/json", body: typeof value === "string" ? value : JSON.stringify(value) };
}

/** An answer of plain text. */
export function plain(status: number, body: string): Answer {
  return { status, type: "text/plain; charset=utf-8", body };
}

/** What is said of a path that is no API path at all. */
export const pageNotFound = plain(404, "404 page not found\n");

/** As much as Kubernetes takes in one request. */
const mostBytes = 3 * 1024 * 1024;

/** The body of a request, protobuf as JSON; refused when it is too large. */
export async function readBody(exchange: Exchange): Promise<string> {
  const { request } = exchange;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > mostBytes) {
      throw new ApiError(413, "RequestEntityTooLarge", `Request entity too large: limit is ${mostBytes}`);
    }
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  if (contentType(exchange) !== protobufType || size === 0) return bytes.toString("utf8");
  try {
    return jsonOfProtobuf(bytes);
  } catch (error) {
    throw badRequest(`the object provided is unrecognized: ${(error as Error).message}`);
  }
}

/** The media type of a request's body, without its parameters; "" where none is said. */
export function contentType({ request }: Exchange): string {
  return request.headers["content-type"]?.split(";")[0]?.trim() ?? "";
}
