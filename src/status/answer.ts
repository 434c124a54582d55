import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";

/** One thing to answer with, ready to be sent again and again. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Uint8Array;
  /** Only of what is there (200). */
  readonly tag?: string;
}

/** What every answer carries: a page may load what comes from here and nothing else, and nobody may frame it (G5). */
export const securityHeaders = {
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

/** A file of the page, typed by the ending of its name. */
export function fileAnswer(name: string, body: Uint8Array): Answer {
  const type = contentTypes[name.slice(name.lastIndexOf(".") + 1)] ?? "application/octet-stream";
  return { status: 200, type, body, tag: tagOf(body) };
}

/** A text, for machines and for people with curl. */
export function textAnswer(status: number, text: string, type = "text/plain; charset=utf-8"): Answer {
  return { status, type, body: Buffer.from(text) };
}

/** The tag of a content: the same for the same bytes. */
export function tagOf(content: string | Uint8Array): string {
  return `"${createHash("sha256").update(content).digest("base64url").slice(0, 27)}"`;
}

/** Sends it, or to who has it already only that nothing has changed. */
export function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, type, body, tag }: Answer,
  more: { readonly [name: string]: string } = {},
): void {
  const packed = accepts(request, body) ? packedBody(body) : undefined;
  const tagged = tag === undefined ? {} : { etag: packed && !tag.startsWith("W/") ? `W/${tag}` : tag };
  const coded = packed === undefined ? {} : { "content-encoding": "gzip" };
  const headers = { ...securityHeaders, "cache-control": "no-cache", vary: "accept-encoding", ...tagged, ...more };
  if (tag !== undefined && isKnown(tag, request.headers["if-none-match"])) {
    response.writeHead(304, headers).end();
    return;
  }
  const sent = packed ?? body;
  response.writeHead(status, { ...headers, ...coded, "content-type": type, "content-length": sent.byteLength });
  response.end(request.method === "HEAD" ? undefined : sent);
}

/** Less than fits into a few packets is not worth packing. */
const leastPacked = 4096;

function accepts(request: IncomingMessage, body: Uint8Array): boolean {
  const accepted = request.headers["accept-encoding"] ?? "";
  return body.byteLength >= leastPacked && /(^|,)\s*gzip\s*(;\s*q=(?!0(\.0*)?\s*(,|$))|,|$)/.test(accepted);
}

const packedBodies = new WeakMap<Uint8Array, Buffer>();

/** The body packed, once for all who ask: the document of two hundred applications is a megabyte, and a twentieth of that packed. */
function packedBody(body: Uint8Array): Buffer {
  const known = packedBodies.get(body);
  if (known) return known;
  const packed = gzipSync(body, { level: 1 });
  packedBodies.set(body, packed);
  return packed;
}

/** Whether If-None-Match names the tag; for that, weak and strong tags are the same (RFC 9110, 13.1.2). */
function isKnown(tag: string, ifNoneMatch: string | undefined): boolean {
  const strong = (text: string): string => text.trim().replace(/^W\//, "");
  return ifNoneMatch !== undefined && ifNoneMatch.split(",").map(strong).includes(strong(tag));
}
