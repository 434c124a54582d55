import { ApiError, type KubeObject } from "../../client.ts";
import { inVersion } from "../conversion.ts";
import { freeze } from "../json.ts";
import { statusOf } from "../refusal.ts";
import type { Resource } from "../resource-table.ts";
import type { Place } from "../server.ts";
import type { Change } from "../store.ts";
import type { Exchange } from "./exchange.ts";
import { type Choice, choiceOf, tooLarge, watchedRevision } from "./lists.ts";
import { checkListOptions } from "./options.ts";
import { eventWriter } from "./rendering.ts";

/** How often a quiet watch is told how far it has seen. */
const bookmarkEveryMs = 60_000;
/** A watch without a timeout of its own ends by itself, as in Kubernetes, so that no client relies on one that lasts. */
const longestSeconds = 3600;
/** A client that does not read is let go rather than remembered. */
const mostBufferedBytes = 64 * 1024 * 1024;

/** Where a watch begins, and what it is told beside changes. */
interface Beginning {
  /** Events after this revision; undefined begins with everything that is. */
  readonly since: number | undefined;
  /** What everything that is must be as new as. */
  readonly atLeast: number;
  readonly bookmarks: boolean;
}

type Send = (type: string, object: KubeObject) => void;

/** Streams the events of a collection until the client, the timeout or a lost history ends it. */
export function watchObjects(exchange: Exchange, place: Place): undefined {
  const { api, query, response } = exchange;
  const seconds = query.integer("timeoutSeconds") ?? 0;
  const beginning = beginningOf(exchange);
  const choice = choiceOf(exchange, place);
  const write = eventWriter(exchange, place.resource);
  const send: Send = (type, object) => {
    if (response.writableLength > mostBufferedBytes) response.destroy();
    else response.write(write(type, object));
  };
  response.writeHead(200, { "content-type": "application/json", "cache-control": "no-cache, private" });
  response.flushHeaders();
  try {
    if (seconds < 0) throw new ApiError(500, "InternalError", "context deadline exceeded");
    const stops = [follow(exchange, place.resource, choice, beginning, send)];
    const endsAt = api.clock.now() + (seconds > 0 ? seconds : longestSeconds) * 1000;
    const stop = (): void => {
      for (const each of stops) each();
    };
    const end = (): void => {
      // The connection closes when its client has read everything, and nothing may be written until then.
      stop();
      response.end();
    };
    stops.push(api.clock.at(endsAt, end));
    if (beginning.bookmarks) stops.push(remind(exchange, place.resource, send));
    response.once("close", stop);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    response.end(`${JSON.stringify({ type: "ERROR", object: statusOf(error) })}\n`);
  }
  return undefined;
}

function beginningOf(exchange: Exchange): Beginning {
  const { api, query } = exchange;
  checkListOptions(query, true);
  const version = watchedRevision(exchange);
  const initial = query.flag("sendInitialEvents");
  const isWhole = initial ?? version === undefined;
  return {
    since: isWhole ? undefined : (version ?? api.store.revision),
    atLeast: version ?? 0,
    bookmarks: query.flag("allowWatchBookmarks") === true,
  };
}

function follow(
  { api }: Exchange,
  resource: Resource,
  { prefix, fits }: Choice,
  { since, atLeast, bookmarks }: Beginning,
  send: Send,
): () => void {
  if (since === undefined && atLeast > api.store.revision) throw tooLarge(String(atLeast), api.store.revision);
  const tell = (change: Change): void => {
    // A watch from the future sees nothing until then.
    if (!change.key.startsWith(prefix) || change.revision <= (since ?? 0)) return;
    const event = seenBy(resource, fits, change);
    if (event) send(event.type, event.object);
  };
  const missed = since === undefined ? [] : api.store.changesSince(resource.storedAs, since);
  const stop = api.store.subscribe(resource.storedAs, tell);
  for (const change of missed) tell(change);
  if (since !== undefined) return stop;
  for (const stored of api.store.list(resource.storedAs, prefix)) {
    const object = inVersion(stored, resource);
    if (fits(object)) send("ADDED", object);
  }
  if (bookmarks) send("BOOKMARK", bookmark(resource, api.store.revision, { "k8s.io/initial-events-end": "true" }));
  return stop;
}

/** A change as one who sees only some of the objects sees it: what begins to fit appears, what no longer fits goes. */
function seenBy(
  resource: Resource,
  fits: Choice["fits"],
  change: Change,
): { readonly type: Change["type"]; readonly object: KubeObject } | undefined {
  const object = inVersion(change.object, resource);
  const previous = change.previous && inVersion(change.previous, resource);
  const did = previous !== undefined && fits(previous);
  if (change.type === "DELETED") return did ? { type: "DELETED", object } : undefined;
  if (fits(object)) return { type: did ? "MODIFIED" : "ADDED", object };
  if (!did) return undefined;
  const { resourceVersion = "" } = object.metadata;
  return { type: "DELETED", object: freeze({ ...previous, metadata: { ...previous.metadata, resourceVersion } }) };
}

function bookmark(resource: Resource, revision: number, annotations?: Record<string, string>): KubeObject {
  const metadata = { resourceVersion: String(revision), ...(annotations ? { annotations } : {}) };
  return freeze({ kind: resource.kind, apiVersion: resource.apiVersion, metadata });
}

function remind({ api }: Exchange, resource: Resource, send: Send): () => void {
  let cancel = (): void => undefined;
  const next = (): void => {
    cancel = api.clock.at(api.clock.now() + bookmarkEveryMs, () => {
      send("BOOKMARK", bookmark(resource, api.store.revision));
      next();
    });
  };
  next();
  return () => {
    cancel();
  };
}
