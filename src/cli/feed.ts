import { get } from "node:http";
import type { IncomingMessage } from "node:http";
import type { StatusDocument } from "../model/status-document.ts";
import { untilFits } from "./log-feed.ts";
import type { Feed } from "./log-feed.ts";

/** Follows an engine's status document over its event stream, so that waiting is for observations and never for time. */
export class StatusFeed implements Feed {
  readonly #url: string;
  readonly #signal: AbortSignal;
  #latest: StatusDocument | undefined;
  #listeners = new Set<(document: StatusDocument) => void>();
  #response: IncomingMessage | undefined;
  #closed = false;

  constructor(statusUrl: string, signal: AbortSignal) {
    this.#url = `${statusUrl}status/events`;
    this.#signal = signal;
    this.#connect();
  }

  /** Calls `listener` with each new document until the returned function is called. */
  follow(listener: (document: StatusDocument) => void): () => void {
    this.#listeners.add(listener);
    if (this.#latest) listener(this.#latest);
    return () => this.#listeners.delete(listener);
  }

  /** The first document that fits; a problem that says what was waited for when none came within `timeoutMs`. */
  async until(what: string, fits: (document: StatusDocument) => boolean, timeoutMs: number): Promise<StatusDocument> {
    return untilFits(this, this.#signal, { what, fits, timeoutMs });
  }

  close(): void {
    this.#closed = true;
    this.#response?.destroy();
  }

  #connect(): void {
    if (this.#closed) return;
    const again = (): void => {
      // An engine that starts again takes its port again: the stream goes on where it answers.
      if (!this.#closed) setTimeout(() => this.#connect(), 100);
    };
    const request = get(this.#url, { agent: false }, (response) => {
      this.#response = response;
      let text = "";
      response.setEncoding("utf8").on("data", (more: string) => {
        const events = (text + more).split("\n\n");
        text = events.pop() ?? "";
        for (const event of events) this.#take(event);
      });
      response.once("close", again);
    });
    request.once("error", again);
  }

  #take(event: string): void {
    const lines = event.split("\n");
    const data = lines.find((line) => line.startsWith("data: "));
    // Between the documents the server says that it is there.
    if (data === undefined || !lines.includes("event: status")) return;
    this.#latest = JSON.parse(data.slice("data: ".length)) as StatusDocument;
    for (const listener of this.#listeners) listener(this.#latest);
  }
}
