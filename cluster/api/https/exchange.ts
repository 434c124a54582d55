import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { NodeHooks } from "../hooks.ts";
import { badRequest } from "../refusal.ts";
import type { ApiServer, Place } from "../server.ts";
import type { User } from "./identity.ts";

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

/** The parameters of a request, read as Kubernetes reads them. */
export class Query {
  readonly #parameters: URLSearchParams;

  constructor(parameters: URLSearchParams) {
    this.#parameters = parameters;
  }

  /** A text; "" where it is not given. */
  text(name: string): string {
    return this.#parameters.get(name) ?? "";
  }

  /** A number; undefined where it is not given, refused where it is none. */
  integer(name: string): number | undefined {
    const text = this.text(name);
    if (text === "") return undefined;
    if (!/^[+-]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
    return Number(text);
  }

  /** True for any word but "false" and "0", and for none; undefined where the parameter is not given. */
  flag(name: string): boolean | undefined {
    const text = this.#parameters.get(name);
    return text === null ? undefined : !/^(false|0)$/i.test(text);
  }

  /** Every value that is given. */
  all(name: string): readonly string[] {
    return this.#parameters.getAll(name).filter((value) => value !== "");
  }
}

/** What a path of the API names; "" where it names none. */
export interface ResourcePath {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
  /** What follows a subresource, decoded, with its leading slash. */
  readonly rest: string;
  /** True for the old /watch/ form. */
  readonly watch: boolean;
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

/** What of a document changes when the document does. */
export function hashOf(text: string): string {
  return createHash("sha512").update(text).digest("hex").toUpperCase();
}

/** An answer with an ETag, or 304 for a client that has it. */
export function tagged({ request }: Exchange, type: string, body: string, cacheControl: string): Answer {
  const etag = `"${hashOf(body)}"`;
  const headers = { etag, vary: "Accept", "cache-control": cacheControl };
  if (request.headers["if-none-match"] === etag) return { status: 304, type: undefined, body: "", headers };
  return { status: 200, type, body, headers };
}

/** What is said of a path that is no API path at all. */
export const pageNotFound = plain(404, "404 page not found\n");
