import type { IncomingMessage, ServerResponse } from "node:http";
import type { ApiServer } from "../server.ts";
import type { NodeHooks } from "../hooks.ts";
import type { User } from "./identity.ts";

/** One request while it is answered. */
export interface Exchange {
  readonly api: ApiServer;
  readonly hooks: NodeHooks | undefined;
  readonly user: User;
  readonly method: string;
  readonly url: URL;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Tells the client something beside the answer. */
  readonly warn: (text: string) => void;
}

/** An answer that is whole; routes that stream answer by themselves and give none. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer of JSON. */
export function json(status: number, value: unknown): Answer {
  return { status, type: "application/json", body: typeof value === "string" ? value : JSON.stringify(value) };
}

/** An answer of plain text. */
export function plain(status: number, body: string): Answer {
  return { status, type: "text/plain; charset=utf-8", body };
}

/** The field manager of a write: as asked for, or the name of the program that writes. */
export function fieldManagerOf({ url, request }: Exchange): string {
  const asked = url.searchParams.get("fieldManager");
  if (asked) return asked;
  return (request.headers["user-agent"] ?? "unknown").split("/")[0] || "unknown";
}
