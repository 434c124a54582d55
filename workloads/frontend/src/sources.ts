import { readDocument, withNews } from "./status.ts";
import type { Metadata, StatusDocument } from "./status.ts";

/** What one source last said. `contactAt` is when it last answered, in milliseconds since the epoch. */
export interface Heard<T> {
  readonly value?: T;
  readonly contactAt?: number;
  readonly lost: boolean;
  /** True for a document that lies there as it was written, without anybody behind it. */
  readonly dated?: boolean;
}

/** One try to reach the backend; `status` is 0 where nothing answered. */
export interface Answer {
  readonly at: number;
  readonly ms: number;
  readonly ok: boolean;
  readonly status: number;
  readonly commit: string;
}

/** What can be asked on this origin. */
export interface Available {
  readonly status?: "events";
  readonly backend?: boolean;
}

const pollMs = 5000;
const backendPollMs = 1000;
const retryMs = 2000;
/** A server that says now and then that it is alive, and then no more for this long, is lost. */
const silenceMs = 35_000;
/** A stream that breaks is not lost at once: the browser asks again after a second, and another pod may answer. */
const graceMs = 2500;

/** What a source calls: it was in contact, perhaps with a new value, or it lost the other side. */
interface Ear {
  contact(value?: StatusDocument, dated?: boolean): void;
  lose(): void;
}

/**
 * Follows the status document for as long as the page is open: by events where the server sends them, and where only the
 * document is there, as on the delivery log's page, by asking for it now and then.
 */
export function followStatus(hear: (heard: Heard<StatusDocument>) => void): void {
  let heard: Heard<StatusDocument> = { lost: false };
  listen({
    contact(value, dated = false) {
      heard = { ...heard, ...(value ? { value } : {}), contactAt: Date.now(), lost: false, dated };
      hear(heard);
    },
    lose() {
      heard = { ...heard, lost: true };
      hear(heard);
    },
  });
}

function listen(ear: Ear): void {
  const events = new EventSource("status/events?news");
  let opened = false;
  let known: StatusDocument | undefined;
  let aliveAt: number | undefined;
  let losing: ReturnType<typeof setTimeout> | undefined;
  const isBack = (): void => {
    clearTimeout(losing);
    losing = undefined;
  };
  events.addEventListener("status", (event: MessageEvent<string>) => {
    opened = true;
    isBack();
    known = readDocument(parsed(event.data));
    ear.contact(known);
  });
  events.addEventListener("news", (event: MessageEvent<string>) => {
    isBack();
    known = withNews(known, parsed(event.data));
    if (known) return ear.contact(known);
    // What it does not fit to is not here: from the beginning, then.
    clearInterval(watch);
    events.close();
    listen(ear);
  });
  events.addEventListener("alive", () => {
    aliveAt = Date.now();
    isBack();
    ear.contact();
  });
  events.addEventListener("error", () => {
    // The browser tries again by itself after a broken connection, but not after an answer that is no stream.
    if (events.readyState !== EventSource.CLOSED) {
      losing ??= setTimeout(() => {
        ear.lose();
      }, graceMs);
      return;
    }
    isBack();
    clearInterval(watch);
    void afterRefusal(ear, opened);
  });
  const watch = setInterval(() => {
    if (aliveAt === undefined || Date.now() - aliveAt < silenceMs) return;
    isBack();
    clearInterval(watch);
    events.close();
    ear.lose();
    listen(ear);
  }, 2000);
}

async function afterRefusal(ear: Ear, hadEvents: boolean): Promise<void> {
  const document = hadEvents ? undefined : await askDocument();
  if (document) return poll(ear, document);
  ear.lose();
  await pause(retryMs);
  listen(ear);
}

async function poll(ear: Ear, first: StatusDocument): Promise<never> {
  let last = first;
  ear.contact(last, true);
  for (;;) {
    await pause(pollMs);
    const value = await askDocument(last);
    if (value) ear.contact((last = value), true);
    else ear.lose();
  }
}

/** The document that lies there; of many applications its parts are files of their own, asked for when there is news. */
async function askDocument(last?: StatusDocument): Promise<StatusDocument | undefined> {
  const document = await readAt("status.json");
  if (!document?.parts) return document;
  if (document.generatedAt === last?.generatedAt) return last;
  const parts = await Promise.all(document.parts.map(readAt));
  if (parts.includes(undefined)) return undefined;
  const applications = parts.flatMap((part) => part?.applications ?? []);
  return { ...document, applications: applications.toSorted((a, b) => (a.id < b.id ? -1 : 1)) };
}

async function readAt(path: string): Promise<StatusDocument | undefined> {
  return readDocument((await ask(path)).json);
}

/** Follows what the backend answers, one request a second while anybody looks. */
export async function followBackend(hear: (heard: Heard<Metadata>, answer: Answer) => void): Promise<never> {
  let heard: Heard<Metadata> = { lost: false };
  for (;;) {
    if (!document.hidden) {
      const { ok, status, json, ms } = await ask("api/metadata");
      const metadata = ok && typeof json === "object" && json !== null ? (json as Metadata) : undefined;
      heard = metadata ? { value: metadata, contactAt: Date.now(), lost: false } : { ...heard, lost: true };
      hear(heard, { at: Date.now(), ms, ok: metadata !== undefined, status, commit: metadata?.commit ?? "" });
    }
    await pause(backendPollMs);
  }
}

async function ask(path: string): Promise<{ ok: boolean; status: number; json: unknown; ms: number }> {
  const started = performance.now();
  const took = (): number => performance.now() - started;
  try {
    const response = await fetch(path, { cache: "no-cache", signal: AbortSignal.timeout(5000) });
    const json: unknown = response.ok ? await response.json() : undefined;
    return { ok: response.ok, status: response.status, json, ms: took() };
  } catch {
    return { ok: false, status: 0, json: undefined, ms: took() };
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
