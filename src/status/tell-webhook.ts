import { createHmac } from "node:crypto";
import type { Http } from "../io/http/http.ts";
import type { Notice, Receiver, Told } from "../model/notice.ts";
import { refusedOf, troubleOf } from "./answers.ts";

/** What a webhook is told with. */
export interface WebhookDoors {
  readonly http: Http;
  /** Reads the secret anew, since a mounted Secret is replaced in place; rejects with a `ProblemError`. */
  readonly secret: () => Promise<string>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * The signature of a webhook: HMAC-SHA256 over id, timestamp (seconds) and body, joined by dots, so that neither can be sent
 * again later under another name or time.
 */
export function signatureOf(secret: string, id: string, timestamp: string, body: string): string {
  return `sha256=${createHmac("sha256", secret).update(`${id}.${timestamp}.${body}`).digest("hex")}`;
}

/** Tells a URL everything, by a signed POST of the notice as JSON; any 2xx is an answer to be content with. */
export function tellWebhook(url: URL, { http, secret, now }: WebhookDoors): Receiver {
  const tell = async (notice: Notice, signal: AbortSignal): Promise<Told> => {
    const body = JSON.stringify(notice);
    const timestamp = String(Math.floor(now() / 1000));
    const headers = {
      "content-type": "application/json",
      "x-plumbline-event": notice.type,
      "x-plumbline-id": notice.id,
      "x-plumbline-timestamp": timestamp,
      "x-plumbline-signature-256": signatureOf(await secret(), notice.id, timestamp, body),
    };
    const answer = await http.send({ method: "POST", url, headers, body }, signal);
    if (answer.status >= 200 && answer.status < 300) return { kind: "told" };
    // Its path and query can be a secret of their own.
    return refusedOf(answer, { who: `the webhook at ${url.host}`, remedies: {}, nowMs: now() });
  };
  return {
    name: "webhook",
    wants: () => true,
    tell: (notice, _again, signal) => tell(notice, signal).catch(troubleOf),
  };
}
